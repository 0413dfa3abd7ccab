#pragma once

#include <stddef.h>
#include <stdint.h>

/// How one axis is resized: output i is the sum over k of `weights[i * width + k]` times input `first[i] + k`.
/// Weights are fixed-point numbers of 22 bits after the point.
typedef struct MawsTaps {
    size_t count;
    size_t width;
    const int32_t *first;
    const int32_t *weights;
} MawsTaps;

/// The pixel loops of augmentation, compiled for several instruction sets and chosen when the process starts.
///
/// Images are 8-bit, rows top to bottom, channels (1 or 3) interleaved. Arithmetic is of integers, or of single fp32
/// operations that are never fused: **every instruction set gives the same bits**.
typedef struct MawsImageLoops {
    /// `avx512`, `avx2` or `baseline`.
    const char *name;

    /// Resizes, columns first, each pass rounded to 8 bits (Pillow's `Resample.c`).
    ///
    /// `out` gets `down.count` rows `stride` bytes apart, of pixels of 1 byte (grey) or 4 (RGB and one that means
    /// nothing). `stride` is a multiple of 64 and holds `across.count` pixels. `scratch` has
    /// `maws_resize_scratch(…)` bytes.
    void (*resize)(
        uint8_t *out, size_t stride, const uint8_t *in, size_t in_stride, size_t channels, size_t in_width,
        size_t in_height, MawsTaps across, MawsTaps down, uint8_t *scratch);
    /// Rows of `resize` without the bytes that mean nothing; mirrored, x counts from the right.
    void (*pack)(
        uint8_t *out, const uint8_t *in, size_t stride, size_t channels, size_t width, size_t height, int mirrored);
    /// out[channel][y][x] = tables[channel][in[y][x][channel]], of pixels `step` bytes long; mirrored, x counts from
    /// the right. A table has 256 numbers.
    void (*normalize)(
        float *out, const uint8_t *in, size_t stride, size_t step, size_t channels, size_t width, size_t height,
        int mirrored, const float *tables);

    /// out = tables[channel][in]
    void (*map)(uint8_t *out, const uint8_t *in, const uint8_t *tables, size_t channels, size_t pixels);
    /// The pixel of `in` at (m0 x + m1 y + m2, m3 x + m4 y + m5) in 16-bit fixed point, rounded down; 0 outside.
    void (*affine)(
        uint8_t *out, const uint8_t *in, const int32_t *matrix, size_t channels, size_t width, size_t height);
    /// out = from + amount (to - from) in fp32, cut to 0…255 and then to a whole number.
    void (*blend)(uint8_t *out, const uint8_t *from, const uint8_t *to, float amount, size_t count);
    /// The grey of each RGB pixel (ITU-R 601 in 16-bit fixed point) in all three channels.
    void (*luma)(uint8_t *out, const uint8_t *in, size_t pixels);
    /// The weighted mean of each pixel (5) and its eight neighbours (1); the border stays as it is.
    void (*smooth)(uint8_t *out, const uint8_t *in, size_t channels, size_t width, size_t height);
} MawsImageLoops;

/// Bytes of scratch for a `resize` from an image of this size to rows of `stride` bytes.
size_t maws_resize_scratch(size_t in_width, size_t in_height, size_t stride);

/// The loops for this machine's widest instruction set; never null.
const MawsImageLoops *maws_image_loops(void);
/// The loops of that name, or null when this machine cannot run them.
const MawsImageLoops *maws_image_loops_named(const char *name);
