#include "CChecksum.h"

#include <pthread.h>
#include <string.h>

// Reflected 0x1EDC6F41.
#define POLYNOMIAL 0x82F63B78u
// Bytes of each of the four streams that the processor's instruction works on at the same time.
#define STRIDE 1024

// Row k: the checksum of a byte that k zero bytes follow.
static uint32_t bytes[8][256];
// Row k: what byte k of a checksum becomes when STRIDE zero bytes follow.
static uint32_t strides[4][256];
static pthread_once_t is_made = PTHREAD_ONCE_INIT;

static uint32_t over_zeros(uint32_t state, size_t count) {
    while (count--) state = bytes[0][state & 0xff] ^ (state >> 8);
    return state;
}

static void make_tables(void) {
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

static int has_instruction(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2");
}

#else

static uint32_t add_by_instruction(uint32_t state, const uint8_t *data, size_t count) {
    return add_portably(state, data, count);
}
static int has_instruction(void) { return 0; }

#endif

uint32_t maws_crc32c_add(uint32_t state, const void *data, size_t count) {
    pthread_once(&is_made, make_tables);
    return has_instruction() ? add_by_instruction(state, data, count) : add_portably(state, data, count);
}

uint32_t maws_crc32c_add_portably(uint32_t state, const void *data, size_t count) {
    pthread_once(&is_made, make_tables);
    return add_portably(state, data, count);
}
