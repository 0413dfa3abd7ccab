// Every loop for one instruction set, gathered in a table. Included once for each instruction set, by VectorLoops.c.

#include "Vector.h"

#include "Elementwise.h"

#define ACTIVATION(name) NAMED(name)
#define ELEMENT float
#define LOAD(p) NAMED(load)(p)
#define LOAD_PART(p, count) NAMED(load_part)(p, count, 0)
#define STORE(p, v) NAMED(store)(p, v)
#define STORE_PART(p, v, count) NAMED(store_part)(p, v, count)
#include "Activations.h"

#define ACTIVATION(name) NAMED(name##_bf16)
#define ELEMENT uint16_t
#define LOAD(p) NAMED(load_bf16)(p)
#define LOAD_PART(p, count) NAMED(load_bf16_part)(p, count, 0)
#define STORE(p, v) NAMED(store_bf16)(p, v)
#define STORE_PART(p, v, count) NAMED(store_bf16_part)(p, v, count)
#include "Activations.h"

#include "LayerNorm.h"

#include "Layouts.h"

#define TILE_VECTORS (LANES == 16 ? 4 : 2)

#define PRODUCT(name) NAMED(small_##name)
#define OPERAND float
#define OPERAND_VECTOR Vec
#define LOAD_RIGHT(p) NAMED(load)(p)
#define SPREAD_LEFT(x) NAMED(spread)(x)
#define MULTIPLY_ADD(sum, left, right) ((sum) + (left) * (right))
#include "SmallProduct.h"

#define PRODUCT(name) NAMED(pair_##name)
#define OPERAND uint32_t
#define OPERAND_VECTOR WordVec
#define LOAD_RIGHT(p) NAMED(load_words)(p)
#define SPREAD_LEFT(x) ((x) - (WordVec){0})
#define MULTIPLY_ADD(sum, left, right) NAMED(add_pairs)(sum, left, right)
#include "SmallProduct.h"

static const MawsVectorLoops NAMED(loops) = {
    .name = LOOPS_NAME,
    .gelu_forward = NAMED(gelu_forward),
    .gelu_backward = NAMED(gelu_backward),
    .gelu_forward_bf16 = NAMED(gelu_forward_bf16),
    .gelu_backward_bf16 = NAMED(gelu_backward_bf16),
    .tanh_forward = NAMED(tanh_forward),
    .tanh_backward = NAMED(tanh_backward),
    .add = NAMED(add),
    .add_scaled = NAMED(add_scaled),
    .scale = NAMED(scale),
    .softmax_forward = NAMED(softmax_forward),
    .softmax_recompute = NAMED(softmax_recompute),
    .softmax_backward = NAMED(softmax_backward),
    .layer_norm_forward = NAMED(layer_norm_forward),
    .layer_norm_recompute = NAMED(layer_norm_recompute),
    .layer_norm_backward = NAMED(layer_norm_backward),
    .fill_rows = NAMED(fill_rows),
    .sum_rows = NAMED(sum_rows),
    .sum_rows_bf16 = NAMED(sum_rows_bf16),
    .narrow = NAMED(narrow),
    .widen = NAMED(widen),
    .transpose = NAMED(transpose),
    .small_product = NAMED(small_product),
    .pair_rows = NAMED(pair_rows),
    .narrow_rows = NAMED(narrow_rows),
    .pair_product = NAMED(pair_product),
};

#undef Vec
#undef IntVec
#undef WordVec
#undef INLINE
#undef TILE_VECTORS
