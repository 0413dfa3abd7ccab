#include "CVectorLoops.h"

#include <stdint.h>
#include "InstructionSets.h"

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

COMPILE_FOR_AVX2
#define NAMED(name) JOINED(name, avx2)
#define LOOPS_NAME "avx2"
#define LANES 8
#define TILE_VECTORS 2
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#undef LANES
#undef TILE_VECTORS
COMPILE_FOR_ANY

COMPILE_FOR_AVX512
#define NAMED(name) JOINED(name, avx512)
#define LOOPS_NAME "avx512"
#define LANES 16
#define TILE_VECTORS 4
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#undef LANES
#undef TILE_VECTORS
COMPILE_FOR_ANY

COMPILE_FOR_AVX512_BF16
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
COMPILE_FOR_ANY

CHOOSE_LOOPS(
    MawsVectorLoops, maws_vector_loops_named, maws_vector_loops, &loops_avx512_bf16,
    &loops_avx512, &loops_avx2, &loops_baseline)

#else

CHOOSE_LOOPS(MawsVectorLoops, maws_vector_loops_named, maws_vector_loops, &loops_baseline)

#endif
