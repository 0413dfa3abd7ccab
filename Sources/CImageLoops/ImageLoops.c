#include "CImageLoops.h"

#define LOOPS_FILE "../CImageLoops/AllLoops.h"
#include "../CVectorLoops/EachInstructionSet.h"

#if defined(__x86_64__)
CHOOSE_LOOPS(
    MawsImageLoops, maws_image_loops_named, maws_image_loops, &loops_avx512, &loops_avx2, &loops_baseline)

#else

CHOOSE_LOOPS(MawsImageLoops, maws_image_loops_named, maws_image_loops, &loops_baseline)

#endif

size_t maws_resize_scratch(size_t in_width, size_t in_height, size_t stride) {
    return 16 * in_width + (in_height + 15) / 16 * 16 * stride;
}
