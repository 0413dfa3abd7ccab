#include "CImageLoops.h"

#include <string.h>

#define JOINED(name, suffix) name##_##suffix

#define NAMED(name) JOINED(name, baseline)
#define LOOPS_NAME "baseline"
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAMED(name) JOINED(name, avx2)
#define LOOPS_NAME "avx2"
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#define NAMED(name) JOINED(name, avx512)
#define LOOPS_NAME "avx512"
#include "AllLoops.h"
#undef NAMED
#undef LOOPS_NAME
#pragma clang attribute pop

const MawsImageLoops *maws_image_loops_named(const char *name) {
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    if (strcmp(name, "avx512") == 0) return avx512 ? &loops_avx512 : NULL;
    if (strcmp(name, "avx2") == 0) return avx2 ? &loops_avx2 : NULL;
    return strcmp(name, "baseline") == 0 ? &loops_baseline : NULL;
}

#else

const MawsImageLoops *maws_image_loops_named(const char *name) {
    return strcmp(name, "baseline") == 0 ? &loops_baseline : NULL;
}

#endif

const MawsImageLoops *maws_image_loops(void) {
    const char *names[] = {"avx512", "avx2"};
    for (int i = 0; i < 2; i++) {
        const MawsImageLoops *loops = maws_image_loops_named(names[i]);
        if (loops) return loops;
    }
    return &loops_baseline;
}

size_t maws_resize_scratch(size_t in_width, size_t in_height, size_t stride) {
    return 16 * in_width + (in_height + 15) / 16 * 16 * stride;
}
