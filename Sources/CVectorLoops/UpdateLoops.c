#include "CUpdateLoops.h"

#include "InstructionSets.h"

// A multiplication and an addition stay two operations: servers of one run may be of several kinds.
#pragma STDC FP_CONTRACT OFF

#define NAMED(name) JOINED(name, baseline)
#define LOOPS_NAME "baseline"
#include "Update.h"
#undef NAMED
#undef LOOPS_NAME

#if defined(__x86_64__)

COMPILE_FOR_AVX2
#define NAMED(name) JOINED(name, avx2)
#define LOOPS_NAME "avx2"
#include "Update.h"
#undef NAMED
#undef LOOPS_NAME
COMPILE_FOR_ANY

COMPILE_FOR_AVX512
#define NAMED(name) JOINED(name, avx512)
#define LOOPS_NAME "avx512"
#include "Update.h"
#undef NAMED
#undef LOOPS_NAME
COMPILE_FOR_ANY

CHOOSE_LOOPS(
    MawsUpdateLoops, maws_update_loops_named, maws_update_loops, &update_loops_avx512,
    &update_loops_avx2, &update_loops_baseline)

#else

CHOOSE_LOOPS(MawsUpdateLoops, maws_update_loops_named, maws_update_loops, &update_loops_baseline)

#endif
