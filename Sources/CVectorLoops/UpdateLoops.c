#include "CUpdateLoops.h"

// A multiplication and an addition stay two operations: servers of one run may be of several kinds.
#pragma STDC FP_CONTRACT OFF

#define LOOPS_FILE "Update.h"
#include "EachInstructionSet.h"

#if defined(__x86_64__)
CHOOSE_LOOPS(
    MawsUpdateLoops, maws_update_loops_named, maws_update_loops, &update_loops_avx512,
    &update_loops_avx2, &update_loops_baseline)

#else

CHOOSE_LOOPS(MawsUpdateLoops, maws_update_loops_named, maws_update_loops, &update_loops_baseline)

#endif
