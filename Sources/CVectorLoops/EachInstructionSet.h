// Compiles LOOPS_FILE, to be defined before, once for each instruction set. It sees NAMED(x), which gives each symbol
// the set's suffix, LOOPS_NAME and LANES, the fp32 numbers in a vector; with LOOPS_OF_BF16 there is a set more, in
// which BF16_PRODUCTS is defined.
#include "InstructionSets.h"

#define NAMED(name) JOINED(name, baseline)
#define LOOPS_NAME "baseline"
#define LANES 4
#include LOOPS_FILE
#undef NAMED
#undef LOOPS_NAME
#undef LANES

#if defined(__x86_64__)

COMPILE_FOR_AVX2
#define NAMED(name) JOINED(name, avx2)
#define LOOPS_NAME "avx2"
#define LANES 8
#include LOOPS_FILE
#undef NAMED
#undef LOOPS_NAME
#undef LANES
COMPILE_FOR_ANY

COMPILE_FOR_AVX512
#define NAMED(name) JOINED(name, avx512)
#define LOOPS_NAME "avx512"
#define LANES 16
#include LOOPS_FILE
#undef NAMED
#undef LOOPS_NAME
#undef LANES
COMPILE_FOR_ANY

#ifdef LOOPS_OF_BF16
COMPILE_FOR_AVX512_BF16
#define NAMED(name) JOINED(name, avx512_bf16)
#define LOOPS_NAME "avx512_bf16"
#define LANES 16
#define BF16_PRODUCTS
#include LOOPS_FILE
#undef NAMED
#undef LOOPS_NAME
#undef LANES
#undef BF16_PRODUCTS
COMPILE_FOR_ANY
#endif

#endif
