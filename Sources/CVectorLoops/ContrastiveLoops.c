#include "CContrastiveLoops.h"

#include <stdint.h>

// A multiplication and an addition stay two operations: all instruction sets give the same bits.
#pragma STDC FP_CONTRACT OFF

#define LOOPS_FILE "Contrastive.h"
#include "EachInstructionSet.h"

#if defined(__x86_64__)
CHOOSE_LOOPS(
    MawsContrastiveLoops, maws_contrastive_loops_named, maws_contrastive_loops, &contrastive_loops_avx512,
    &contrastive_loops_avx2, &contrastive_loops_baseline)

#else

CHOOSE_LOOPS(
    MawsContrastiveLoops, maws_contrastive_loops_named, maws_contrastive_loops, &contrastive_loops_baseline)

#endif
