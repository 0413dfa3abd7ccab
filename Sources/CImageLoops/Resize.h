// Resizing in fixed point. Included once for each instruction set, with NAMED(x) giving each symbol its suffix.
// No include guard, by intent.
//
// Sixteen bytes go together: four rows of RGB and a byte that means nothing, or sixteen grey rows. Columns of such
// bytes make the horizontal pass a vertical one, without any gathering of single bytes.

typedef int32_t NAMED(Sums) __attribute__((vector_size(64)));
typedef uint8_t NAMED(Bytes) __attribute__((vector_size(16)));
typedef uint8_t NAMED(LooseBytes) __attribute__((vector_size(16), aligned(1), may_alias));
#define Sums NAMED(Sums)
#define INLINE static inline __attribute__((always_inline))

INLINE void NAMED(add)(Sums *sum, const uint8_t *bytes, int32_t weight) {
    *sum += __builtin_convertvector(*(const NAMED(LooseBytes) *)bytes, Sums) * weight;
}
INLINE void NAMED(store_clipped)(uint8_t *out, const Sums *sum) {
    Sums whole = __builtin_elementwise_min(__builtin_elementwise_max(*sum >> 22, (Sums){0}), (Sums){0} + 255);
    *(NAMED(LooseBytes) *)out = __builtin_convertvector(whole, NAMED(Bytes));
}
// What rounds a sum to the nearest whole number.
#define HALF ((Sums){0} + (1 << 21))

// Four rows of RGB as columns of 16 bytes.
static void NAMED(gather_colour)(uint8_t *columns, const uint8_t *in, size_t stride, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++) {
        const uint8_t *pixels = in + row * stride;
        for (size_t x = 0; x + 1 < width; x++) memcpy(columns + 16 * x + 4 * row, pixels + 3 * x, 4);
        memcpy(columns + 16 * (width - 1) + 4 * row, pixels + 3 * (width - 1), 3);
    }
}
static void NAMED(gather_grey)(uint8_t *columns, const uint8_t *in, size_t stride, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++)
        for (size_t x = 0; x < width; x++) columns[16 * x + row] = in[row * stride + x];
}

// `out` has room for whole groups of rows.
static void NAMED(resize_across)(
    uint8_t *out, size_t stride, const uint8_t *in, size_t in_stride, size_t channels, size_t in_width,
    size_t in_height, MawsTaps taps, uint8_t *columns) {
    size_t group = channels == 3 ? 4 : 16;
    memset(columns, 0, 16 * in_width);
    for (size_t row = 0; row < in_height; row += group, in += group * in_stride, out += group * stride) {
        size_t rows = in_height - row < group ? in_height - row : group;
        if (channels == 3) NAMED(gather_colour)(columns, in, in_stride, rows, in_width);
        else NAMED(gather_grey)(columns, in, in_stride, rows, in_width);
        for (size_t x = 0; x < taps.count; x++) {
            const uint8_t *first = columns + 16 * (size_t)taps.first[x];
            const int32_t *weights = taps.weights + x * taps.width;
            Sums sum = HALF;
            for (size_t k = 0; k < taps.width; k++) NAMED(add)(&sum, first + 16 * k, weights[k]);
            uint8_t bytes[16];
            NAMED(store_clipped)(bytes, &sum);
            if (channels == 3)
                for (size_t i = 0; i < 4; i++) memcpy(out + i * stride + 4 * x, bytes + 4 * i, 4);
            else
                for (size_t i = 0; i < 16; i++) out[i * stride + x] = bytes[i];
        }
    }
}

static void NAMED(resize_down)(uint8_t *out, const uint8_t *in, size_t stride, MawsTaps taps) {
    for (size_t y = 0; y < taps.count; y++) {
        const int32_t *weights = taps.weights + y * taps.width;
        for (size_t i = 0; i < stride; i += 64) {
            const uint8_t *first = in + (size_t)taps.first[y] * stride + i;
            Sums a = HALF, b = a, c = a, d = a;
            for (size_t k = 0; k < taps.width; k++, first += stride) {
                NAMED(add)(&a, first, weights[k]);
                NAMED(add)(&b, first + 16, weights[k]);
                NAMED(add)(&c, first + 32, weights[k]);
                NAMED(add)(&d, first + 48, weights[k]);
            }
            NAMED(store_clipped)(out + y * stride + i, &a);
            NAMED(store_clipped)(out + y * stride + i + 16, &b);
            NAMED(store_clipped)(out + y * stride + i + 32, &c);
            NAMED(store_clipped)(out + y * stride + i + 48, &d);
        }
    }
}

static void NAMED(resize)(
    uint8_t *out, size_t stride, const uint8_t *in, size_t in_stride, size_t channels, size_t in_width,
    size_t in_height, MawsTaps across, MawsTaps down, uint8_t *scratch) {
    uint8_t *narrowed = scratch + 16 * in_width;
    NAMED(resize_across)(narrowed, stride, in, in_stride, channels, in_width, in_height, across, scratch);
    NAMED(resize_down)(out, narrowed, stride, down);
}

static void NAMED(pack)(
    uint8_t *out, const uint8_t *in, size_t stride, size_t channels, size_t width, size_t height, int mirrored) {
    size_t step = channels == 3 ? 4 : 1;
    ptrdiff_t to_next = mirrored ? -(ptrdiff_t)step : (ptrdiff_t)step;
    for (size_t y = 0; y < height; y++, in += stride) {
        const uint8_t *pixel = in + (mirrored ? (width - 1) * step : 0);
        for (size_t x = 0; x < width; x++, pixel += to_next, out += channels)
            for (size_t channel = 0; channel < channels; channel++) out[channel] = pixel[channel];
    }
}

static void NAMED(normalize)(
    float *out, const uint8_t *in, size_t stride, size_t step, size_t channels, size_t width, size_t height,
    int mirrored, const float *tables) {
    size_t plane = width * height;
    ptrdiff_t to_next = mirrored ? -(ptrdiff_t)step : (ptrdiff_t)step;
    for (size_t y = 0; y < height; y++) {
        for (size_t channel = 0; channel < channels; channel++) {
            const uint8_t *pixel = in + y * stride + channel + (mirrored ? (width - 1) * step : 0);
            const float *table = tables + 256 * channel;
            float *row = out + channel * plane + y * width;
            for (size_t x = 0; x < width; x++, pixel += to_next) row[x] = table[*pixel];
        }
    }
}

#undef Sums
#undef HALF
#undef INLINE
