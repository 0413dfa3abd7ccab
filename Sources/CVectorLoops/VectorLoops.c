#include "CVectorLoops.h"

#include <stdint.h>
#include <string.h>

#define JOINED(name, suffix) name##_##suffix

#define NAMED(name) JOINED(name, baseline)
#define LOOPS_NAME "baseline"
#define LANES 4
#define TILE_VECTORS 2
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#undef LANES
#undef TILE_VECTORS

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAMED(name) JOINED(name, avx2)
#define LOOPS_NAME "avx2"
#define LANES 8
#define TILE_VECTORS 2
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#undef LANES
#undef TILE_VECTORS
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define NAMED(name) JOINED(name, avx512)
#define LOOPS_NAME "avx512"
#define LANES 16
#define TILE_VECTORS 4
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#undef LANES
#undef TILE_VECTORS
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512bf16,avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define NAMED(name) JOINED(name, avx512_bf16)
#define LOOPS_NAME "avx512_bf16"
#define LANES 16
#define TILE_VECTORS 4
#define HALF_PRODUCTS
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#undef LANES
#undef TILE_VECTORS
#undef HALF_PRODUCTS
#pragma clang attribute pop

const MawsVectorLoops *maws_vector_loops_named(const char *name) {
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    int half = avx512 && __builtin_cpu_supports("avx512bf16");
    if (strcmp(name, "avx512_bf16") == 0) return half ? &loops_avx512_bf16 : NULL;
    if (strcmp(name, "avx512") == 0) return avx512 ? &loops_avx512 : NULL;
    if (strcmp(name, "avx2") == 0) return avx2 ? &loops_avx2 : NULL;
    return strcmp(name, "baseline") == 0 ? &loops_baseline : NULL;
}

#else

const MawsVectorLoops *maws_vector_loops_named(const char *name) {
    return strcmp(name, "baseline") == 0 ? &loops_baseline : NULL;
}

#endif

const MawsVectorLoops *maws_vector_loops(void) {
    const char *names[] = {"avx512_bf16", "avx512", "avx2"};
    for (int i = 0; i < 3; i++) {
        const MawsVectorLoops *loops = maws_vector_loops_named(names[i]);
        if (loops) return loops;
    }
    return &loops_baseline;
}
