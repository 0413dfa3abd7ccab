#include "COneDNN.h"

#include <dlfcn.h>

#include <dnnl.hpp>
#include <exception>
#include <string>
#include <unordered_map>

namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;

/// Rows for which the packed layout is chosen; products of any number of rows then use that layout.
constexpr int64_t typicalRows = 512;

const dnnl::engine &engine() {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

/// oneDNN would spread every product over its own threads. The caller's threads are the only ones that compute, so
/// its OpenMP runtime, whichever it was built with, is told so on each of them.
void stayOnThisThread() {
    using Set = void (*)(int);
    static const Set set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
    thread_local bool done = false;
    if (!done && set) set(1);
    done = true;
}

memory::data_type type(bool isBF16) { return isBF16 ? memory::data_type::bf16 : memory::data_type::f32; }

memory::desc plain(int64_t rows, int64_t columns, int64_t row, int64_t column, bool isBF16) {
    return memory::desc({rows, columns}, type(isBF16), memory::dims{row, column});
}

dnnl::matmul::primitive_desc describe(
    const memory::desc &a, const memory::desc &b, const memory::desc *bias, const memory::desc &c,
    const dnnl::primitive_attr &attributes) {
#if DNNL_VERSION_MAJOR >= 3
    if (bias) return dnnl::matmul::primitive_desc(engine(), a, b, *bias, c, attributes);
    return dnnl::matmul::primitive_desc(engine(), a, b, c, attributes);
#else
    if (bias) return dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, *bias, c), attributes, engine());
    return dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, c), attributes, engine());
#endif
}

/// The layout of a weight [k, n] that oneDNN prefers.
memory::desc packedLayout(int64_t n, int64_t k, bool isBF16) {
    memory::desc any({k, n}, type(isBF16), memory::format_tag::any);
    auto a = plain(typicalRows, k, k, 1, isBF16), c = plain(typicalRows, n, n, 1, isBF16);
    return describe(a, any, nullptr, c, dnnl::primitive_attr()).weights_desc();
}

/// What `body` returns, or `otherwise` where oneDNN has no such primitive.
template <typename Result, typename Body>
Result quietly(Result otherwise, Body body) {
    try {
        stayOnThisThread();
        return body();
    } catch (const std::exception &) {
        return otherwise;
    }
}

}  // namespace

struct MawsProduct {
    dnnl::matmul primitive;
    dnnl::stream stream;
    memory a, b, c, bias, residual, scratch;
    Arguments arguments;

    MawsProduct(const dnnl::matmul::primitive_desc &description, const MawsProductShape &shape)
        : primitive(description), stream(engine()) {
        a = memory(description.src_desc(), engine(), nullptr);
        b = memory(description.weights_desc(), engine(), nullptr);
        c = memory(description.dst_desc(), engine(), nullptr);
        scratch = memory(description.scratchpad_desc(), engine(), nullptr);
        arguments = {
            {DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}, {DNNL_ARG_SCRATCHPAD, scratch}};
        if (shape.has_bias) {
            bias = memory(plain(1, shape.n, shape.n, 1, false), engine(), nullptr);
            arguments[DNNL_ARG_BIAS] = bias;
        }
        if (shape.has_residual) {
            residual = memory(plain(shape.m, shape.n, shape.residual_row, 1, false), engine(), nullptr);
            arguments[DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1] = residual;
        }
    }
};

const char *maws_onednn_version(void) {
    static const std::string text = [] {
        const dnnl_version_t *version = dnnl_version();
        return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
               std::to_string(version->patch);
    }();
    return text.c_str();
}

const char *maws_onednn_instruction_set(void) {
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41: return "sse41";
    case dnnl_cpu_isa_avx: return "avx";
    case dnnl_cpu_isa_avx2: return "avx2";
    case dnnl_cpu_isa_avx512_core: return "avx512_core";
    case dnnl_cpu_isa_avx512_core_vnni: return "avx512_core_vnni";
    case dnnl_cpu_isa_avx512_core_bf16: return "avx512_core_bf16";
    case dnnl_cpu_isa_avx512_core_amx: return "avx512_core_amx";
    default: {
        static const std::string other = "isa " + std::to_string(static_cast<int>(dnnl_get_effective_cpu_isa()));
        return other.c_str();
    }
    }
}

int maws_onednn_multiplies_bf16(void) {
    // Each instruction set's number contains the bits of those that it includes.
    constexpr int first = dnnl_cpu_isa_avx512_core_bf16;
    return (dnnl_get_effective_cpu_isa() & first) == first;
}

MawsProduct *maws_onednn_product(const MawsProductShape *shape) {
    return quietly<MawsProduct *>(nullptr, [&] {
        dnnl::primitive_attr attributes;
        attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
        dnnl::post_ops after;
        if (shape->has_residual)
            after.append_binary(
                dnnl::algorithm::binary_add, plain(shape->m, shape->n, shape->residual_row, 1, false));
        if (shape->adds) after.append_sum(1.0f);
        attributes.set_post_ops(after);
        bool bf16 = shape->bf16_operands;
        auto a = plain(shape->m, shape->k, shape->a_row, shape->a_column, bf16);
        auto b = shape->packed ? packedLayout(shape->n, shape->k, bf16)
                               : plain(shape->k, shape->n, shape->b_row, shape->b_column, bf16);
        auto c = plain(shape->m, shape->n, shape->c_row, 1, shape->bf16_result);
        auto bias = plain(1, shape->n, shape->n, 1, false);
        auto description = describe(a, b, shape->has_bias ? &bias : nullptr, c, attributes);
        return new MawsProduct(description, *shape);
    });
}

void maws_onednn_free(MawsProduct *product) { delete product; }

size_t maws_onednn_scratch_bytes(const MawsProduct *product) { return product->scratch.get_desc().get_size(); }

void maws_onednn_run(
    MawsProduct *product, void *c, const void *a, const void *b, const float *bias, const float *residual,
    void *scratch) {
    stayOnThisThread();
    product->a.set_data_handle(const_cast<void *>(a));
    product->b.set_data_handle(const_cast<void *>(b));
    product->c.set_data_handle(c);
    product->scratch.set_data_handle(scratch);
    if (bias) product->bias.set_data_handle(const_cast<float *>(bias));
    if (residual) product->residual.set_data_handle(const_cast<float *>(residual));
    product->primitive.execute(product->stream, product->arguments);
    product->stream.wait();
}

size_t maws_onednn_packed_bytes(int64_t n, int64_t k, int32_t bf16_operands) {
    return quietly<size_t>(0, [&] {
        auto layout = packedLayout(n, k, bf16_operands);
        bool isPlain = layout == plain(k, n, n, 1, bf16_operands) || layout == plain(k, n, 1, k, bf16_operands);
        return isPlain && !bf16_operands ? size_t(0) : layout.get_size();
    });
}

void maws_onednn_pack(
    void *packed, const float *b, int64_t b_row, int64_t b_column, int64_t n, int64_t k, int32_t bf16_operands) {
    stayOnThisThread();
    memory from(plain(k, n, b_row, b_column, false), engine(), const_cast<float *>(b));
    memory to(packedLayout(n, k, bf16_operands), engine(), packed);
    dnnl::stream stream(engine());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
}
