#include "CChecksum.h"

#include <pthread.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Reflected 0x1EDC6F41.
#define POLYNOMIAL 0x82F63B78u
// Bytes of each of the four streams that the processor's instruction works on at the same time.
#define STRIDE 1024
// Bytes that a round of carry-less products takes.
#define ROUND 256

// Row k: the checksum of a byte that k zero bytes follow.
static uint32_t bytes[8][256];
// Row k: what byte k of a checksum becomes when STRIDE zero bytes follow.
static uint32_t strides[4][256];
// What the two halves of 16 bytes are multiplied by when they move ROUND bytes on.
static uint64_t folds[2];
static pthread_once_t is_made = PTHREAD_ONCE_INIT;

static uint32_t over_zeros(uint32_t state, size_t count) {
    while (count--) state = bytes[0][state & 0xff] ^ (state >> 8);
    return state;
}

// x^n modulo the polynomial, reflected as carry-less products need it.
static uint64_t power(size_t n) {
    uint32_t state = 0x80000000u;
    while (n--) state = state & 1 ? (state >> 1) ^ POLYNOMIAL : state >> 1;
    return (uint64_t)state << 1;
}

static void make_tables(void) {
    folds[0] = power(8 * ROUND + 32);
    folds[1] = power(8 * ROUND - 32);
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t state = byte;
        for (int bit = 0; bit < 8; bit++) state = state & 1 ? (state >> 1) ^ POLYNOMIAL : state >> 1;
        bytes[0][byte] = state;
    }
    for (int row = 1; row < 8; row++)
        for (int byte = 0; byte < 256; byte++) bytes[row][byte] = over_zeros(bytes[row - 1][byte], 1);
    for (int row = 0; row < 4; row++)
        for (uint32_t byte = 0; byte < 256; byte++) strides[row][byte] = over_zeros(byte << (8 * row), STRIDE);
}

static uint64_t word_at(const uint8_t *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

// Eight bytes a round, without any instruction made for it (Kounavis and Berry, 2005).
static uint32_t add_portably(uint32_t state, const uint8_t *data, size_t count) {
    for (; count >= 8; data += 8, count -= 8) {
        uint32_t low = state, high = 0;
        for (int i = 0; i < 4; i++) {
            low ^= (uint32_t)data[i] << (8 * i);
            high |= (uint32_t)data[4 + i] << (8 * i);
        }
        state = 0;
        for (int i = 0; i < 4; i++) {
            state ^= bytes[7 - i][(low >> (8 * i)) & 0xff];
            state ^= bytes[3 - i][(high >> (8 * i)) & 0xff];
        }
    }
    for (; count > 0; data++, count--) state = bytes[0][(state ^ *data) & 0xff] ^ (state >> 8);
    return state;
}

#if defined(__x86_64__)

static uint32_t over_stride(uint32_t state) {
    return strides[0][state & 0xff] ^ strides[1][(state >> 8) & 0xff] ^ strides[2][(state >> 16) & 0xff]
        ^ strides[3][state >> 24];
}

// The instruction's result is there three cycles later, and a next one may begin every cycle: four streams side by
// side, put together as the checksum of what lies one after the other.
__attribute__((target("sse4.2"))) static uint32_t add_by_instruction(uint32_t state, const uint8_t *data, size_t count) {
    for (; count >= 4 * STRIDE; data += 4 * STRIDE, count -= 4 * STRIDE) {
        uint64_t a = state, b = 0, c = 0, d = 0;
        for (size_t i = 0; i < STRIDE; i += 8) {
            a = __builtin_ia32_crc32di(a, word_at(data + i));
            b = __builtin_ia32_crc32di(b, word_at(data + STRIDE + i));
            c = __builtin_ia32_crc32di(c, word_at(data + 2 * STRIDE + i));
            d = __builtin_ia32_crc32di(d, word_at(data + 3 * STRIDE + i));
        }
        state = over_stride((uint32_t)a) ^ (uint32_t)b;
        state = over_stride(state) ^ (uint32_t)c;
        state = over_stride(state) ^ (uint32_t)d;
    }
    uint64_t wide = state;
    for (; count >= 8; data += 8, count -= 8) wide = __builtin_ia32_crc32di(wide, word_at(data));
    state = (uint32_t)wide;
    for (; count > 0; data++, count--) state = __builtin_ia32_crc32qi(state, *data);
    return state;
}

// 256 bytes a round, each 16 of them multiplied to where the next round's lie and added there (Gopal and others, "Fast
// CRC Computation for Generic Polynomials Using PCLMULQDQ", 2009); the last round's sum has the checksum of all.
__attribute__((target("avx512f,vpclmulqdq,sse4.2"))) static uint32_t add_by_products(
    uint32_t state, const uint8_t *data, size_t count) {
    if (count < 2 * ROUND) return add_by_instruction(state, data, count);
    const __m512i fold = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)folds[1], (long long)folds[0]));
    __m512i sums[ROUND / 64];
    for (int i = 0; i < ROUND / 64; i++) sums[i] = _mm512_loadu_si512(data + 64 * i);
    sums[0] = _mm512_xor_si512(sums[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)state)));
    for (data += ROUND, count -= ROUND; count >= ROUND; data += ROUND, count -= ROUND)
        for (int i = 0; i < ROUND / 64; i++) {
            __m512i low = _mm512_clmulepi64_epi128(sums[i], fold, 0x00), next = _mm512_loadu_si512(data + 64 * i);
            sums[i] = _mm512_xor_si512(_mm512_xor_si512(low, next), _mm512_clmulepi64_epi128(sums[i], fold, 0x11));
        }
    uint8_t last[ROUND];
    for (int i = 0; i < ROUND / 64; i++) _mm512_storeu_si512(last + 64 * i, sums[i]);
    return add_by_instruction(add_by_instruction(0, last, ROUND), data, count);
}

static int has_instruction(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2");
}
static int has_products(void) {
    return has_instruction() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}

#else

static uint32_t add_by_instruction(uint32_t state, const uint8_t *data, size_t count) {
    return add_portably(state, data, count);
}
static uint32_t add_by_products(uint32_t state, const uint8_t *data, size_t count) {
    return add_portably(state, data, count);
}
static int has_instruction(void) { return 0; }
static int has_products(void) { return 0; }

#endif

uint32_t maws_crc32c_add(uint32_t state, const void *data, size_t count) {
    pthread_once(&is_made, make_tables);
    if (has_products()) return add_by_products(state, data, count);
    return has_instruction() ? add_by_instruction(state, data, count) : add_portably(state, data, count);
}

uint32_t maws_crc32c_add_by_instruction(uint32_t state, const void *data, size_t count) {
    pthread_once(&is_made, make_tables);
    return has_instruction() ? add_by_instruction(state, data, count) : add_portably(state, data, count);
}

uint32_t maws_crc32c_add_portably(uint32_t state, const void *data, size_t count) {
    pthread_once(&is_made, make_tables);
    return add_portably(state, data, count);
}
