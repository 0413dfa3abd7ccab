#include "CPNG.h"

#include <setjmp.h>
#include <string.h>

typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t length, position;
    jmp_buf escape;
    char *message;
} Reader;

static void fail(png_structp png, png_const_charp text) {
    Reader *reader = png_get_error_ptr(png);
    snprintf(reader->message, MAWS_PNG_MESSAGE_SIZE, "%s", text);
    longjmp(reader->escape, 1);
}

static void pass_over(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void take(png_structp png, png_bytep out, size_t count) {
    Reader *reader = png_get_io_ptr(png);
    if (count > reader->length - reader->position) png_error(png, "it ends early");
    memcpy(out, reader->bytes + reader->position, count);
    reader->position += count;
}

static void end(Reader *reader) { png_destroy_read_struct(&reader->png, &reader->info, NULL); }

// Reads up to the pixels. Nothing but IHDR, PLTE, tRNS, IDAT and IEND is looked at, so that no other chunk can fail.
static void begin(Reader *reader) {
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, fail, pass_over);
    if (reader->png) reader->info = png_create_info_struct(reader->png);
    if (!reader->info) {
        snprintf(reader->message, MAWS_PNG_MESSAGE_SIZE, "there is no memory for it");
        longjmp(reader->escape, 1);
    }
    png_structp png = reader->png;
    png_set_read_fn(png, reader, take);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(png, 0);
    png_read_info(png, reader->info);
    // A wrong checksum of the pixels' chunks is no damage, for the pixels have one of their own inside.
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
}

static int channels_of(const Reader *reader) {
    return png_get_color_type(reader->png, reader->info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
}

int maws_png_header(const uint8_t *bytes, size_t length, MawsPNGHeader *header, char *message) {
    Reader reader = {.bytes = bytes, .length = length, .message = message};
    if (setjmp(reader.escape)) {
        end(&reader);
        return -1;
    }
    begin(&reader);
    header->width = (int32_t)png_get_image_width(reader.png, reader.info);
    header->height = (int32_t)png_get_image_height(reader.png, reader.info);
    header->channels = channels_of(&reader);
    end(&reader);
    return 0;
}

static void read_rows(Reader *reader, uint8_t *pixels) {
    png_structp png = reader->png;
    if (png_get_color_type(png, reader->info) == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    png_uint_32 height = png_get_image_height(png, reader->info);
    size_t row = (size_t)png_get_image_width(png, reader->info) * (size_t)channels_of(reader);
    if (png_get_rowbytes(png, reader->info) != row) png_error(png, "its rows have another length than its header says");
    for (int pass = 0; pass < passes; pass++)
        for (png_uint_32 y = 0; y < height; y++) png_read_row(png, pixels + y * row, NULL);
}

int maws_png_decode(const uint8_t *bytes, size_t length, uint8_t *pixels, char *message) {
    Reader reader = {.bytes = bytes, .length = length, .message = message};
    if (setjmp(reader.escape)) {
        end(&reader);
        return -1;
    }
    begin(&reader);
    read_rows(&reader, pixels);
    end(&reader);
    return 0;
}
