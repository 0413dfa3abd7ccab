#include "CVectorLoops.h"

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LOOPS_FILE "AllLoops.h"
#define LOOPS_OF_BF16
#include "EachInstructionSet.h"

#if defined(__x86_64__)
CHOOSE_LOOPS(
    MawsVectorLoops, maws_vector_loops_named, maws_vector_loops, &loops_avx512_bf16,
    &loops_avx512, &loops_avx2, &loops_baseline)

#else

CHOOSE_LOOPS(MawsVectorLoops, maws_vector_loops_named, maws_vector_loops, &loops_baseline)

#endif
