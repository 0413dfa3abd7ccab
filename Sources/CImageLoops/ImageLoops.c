#include "CImageLoops.h"

#include "../CVectorLoops/InstructionSets.h"

#define NAMED(name) JOINED(name, baseline)
#define LOOPS_NAME "baseline"
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME

#if defined(__x86_64__)

COMPILE_FOR_AVX2
#define NAMED(name) JOINED(name, avx2)
#define LOOPS_NAME "avx2"
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
COMPILE_FOR_ANY

COMPILE_FOR_AVX512
#define NAMED(name) JOINED(name, avx512)
#define LOOPS_NAME "avx512"
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
COMPILE_FOR_ANY

CHOOSE_LOOPS(
    MawsImageLoops, maws_image_loops_named, maws_image_loops, &loops_avx512, &loops_avx2, &loops_baseline)

#else

CHOOSE_LOOPS(MawsImageLoops, maws_image_loops_named, maws_image_loops, &loops_baseline)

#endif

size_t maws_resize_scratch(size_t in_width, size_t in_height, size_t stride) {
    return 16 * in_width + (in_height + 15) / 16 * 16 * stride;
}
