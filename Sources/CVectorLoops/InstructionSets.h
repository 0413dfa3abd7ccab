// Loops that are compiled once for each instruction set of a processor, and chosen where they run.
//
// A file of loops is included between COMPILE_FOR_… and COMPILE_FOR_ANY, once with each set's suffix in its names; it
// ends in a table of functions whose first member is the set's name. CHOOSE_LOOPS makes the two functions that give a
// table by its name, NULL where this processor cannot run it, and the best that it can.
#ifndef MAWS_INSTRUCTION_SETS_H
#define MAWS_INSTRUCTION_SETS_H

#include <stddef.h>
#include <string.h>

#define JOINED(name, suffix) name##_##suffix

#if defined(__x86_64__)

#define PRAGMA(...) _Pragma(#__VA_ARGS__)
#define COMPILE_FOR(sets) PRAGMA(clang attribute push(__attribute__((target(sets))), apply_to = function))
#define COMPILE_FOR_AVX2 COMPILE_FOR("avx2,fma")
#define COMPILE_FOR_AVX512 COMPILE_FOR("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#define COMPILE_FOR_AVX512_BF16 COMPILE_FOR("avx512bf16,avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#define COMPILE_FOR_ANY PRAGMA(clang attribute pop)

static inline int maws_cpu_runs(const char *set) {
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    if (strcmp(set, "avx512_bf16") == 0) return avx512 && __builtin_cpu_supports("avx512bf16");
    if (strcmp(set, "avx512") == 0) return avx512;
    if (strcmp(set, "avx2") == 0) return avx2;
    return strcmp(set, "baseline") == 0;
}

#else

static inline int maws_cpu_runs(const char *set) { return strcmp(set, "baseline") == 0; }

#endif

// The tables in `...`, the best first.
#define CHOOSE_LOOPS(Loops, named, best, ...)                                              \
    static const Loops *const best##_tables[] = {__VA_ARGS__};                             \
    const Loops *named(const char *name) {                                                 \
        for (size_t i = 0; i < sizeof best##_tables / sizeof(Loops *); i++) {              \
            const Loops *loops = best##_tables[i];                                         \
            if (strcmp(loops->name, name) == 0) return maws_cpu_runs(name) ? loops : NULL; \
        }                                                                                  \
        return NULL;                                                                       \
    }                                                                                      \
    const Loops *best(void) {                                                              \
        size_t i = 0;                                                                      \
        while (!maws_cpu_runs(best##_tables[i]->name)) i++;                                \
        return best##_tables[i];                                                           \
    }

#endif
