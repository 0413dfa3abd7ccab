// Operations on whole images. Included once for each instruction set, with NAMED(x) giving each symbol its suffix.
// No include guard, by intent.

static void NAMED(map)(
    uint8_t *out, const uint8_t *in, const uint8_t *tables, size_t channels, size_t pixels) {
    for (size_t channel = 0; channel < channels; channel++)
        for (size_t i = channel; i < pixels * channels; i += channels) out[i] = tables[256 * channel + in[i]];
}

static void NAMED(affine)(
    uint8_t *out, const uint8_t *in, const int32_t *matrix, size_t channels, size_t width, size_t height) {
    memset(out, 0, width * height * channels);
    int32_t row_x = matrix[2], row_y = matrix[5];
    for (size_t y = 0; y < height; y++, row_x += matrix[1], row_y += matrix[4]) {
        int32_t at_x = row_x, at_y = row_y;
        for (size_t x = 0; x < width; x++, at_x += matrix[0], at_y += matrix[3], out += channels) {
            // A negative number is a large one here.
            size_t from_x = (size_t)(at_x >> 16), from_y = (size_t)(at_y >> 16);
            if (from_x >= width || from_y >= height) continue;
            const uint8_t *pixel = in + (from_y * width + from_x) * channels;
            for (size_t channel = 0; channel < channels; channel++) out[channel] = pixel[channel];
        }
    }
}

static void NAMED(blend)(uint8_t *out, const uint8_t *from, const uint8_t *to, float amount, size_t count) {
#pragma clang fp contract(off)
    for (size_t i = 0; i < count; i++) {
        float step = amount * (float)((int)to[i] - (int)from[i]);
        float value = (float)from[i] + step;
        value = value < 0.0f ? 0.0f : value > 255.0f ? 255.0f : value;
        out[i] = (uint8_t)value;
    }
}

static void NAMED(luma)(uint8_t *out, const uint8_t *in, size_t pixels) {
    for (size_t i = 0; i < pixels; i++, in += 3, out += 3) {
        uint8_t grey = (uint8_t)((in[0] * 19595u + in[1] * 38470u + in[2] * 7471u + 0x8000u) >> 16);
        out[0] = out[1] = out[2] = grey;
    }
}

static void NAMED(smooth)(uint8_t *out, const uint8_t *in, size_t channels, size_t width, size_t height) {
    size_t length = width * channels;
    memcpy(out, in, length * height);
    if (width < 3 || height < 3) return;
    for (size_t y = 1; y + 1 < height; y++) {
        const uint8_t *above = in + (y - 1) * length, *here = above + length, *below = here + length;
        for (size_t i = channels; i < length - channels; i++) {
            size_t left = i - channels, right = i + channels;
            unsigned sum = above[left] + above[i] + above[right] + here[left] + 5u * here[i] + here[right] +
                           below[left] + below[i] + below[right];
            out[y * length + i] = (uint8_t)((2 * sum + 13) / 26);
        }
    }
}
