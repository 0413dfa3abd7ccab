#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// More scans than any encoder makes; a small file with thousands of them would take hours.
enum { SCANS_MAX = 500 };
// Smooth chroma upsampling looks this far beside a pixel, so columns at a crop's edge need neighbours to come out as they
// do in the whole image.
enum { MARGIN = 2 };

typedef struct {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    char *message;
} Reader;

static void fail(j_common_ptr common) {
    Reader *reader = common->client_data;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    snprintf(reader->message, MAWS_JPEG_MESSAGE_SIZE, "%s", text);
    longjmp(reader->escape, 1);
}

// Warnings that mean lost pixels end the decoding; those about odd headers and stray bytes between markers do not.
static void warn(j_common_ptr common, int level) {
    if (level >= 0) return;
    switch (common->err->msg_code) {
        case JWRN_ADOBE_XFORM:
        case JWRN_BOGUS_ICC:
        case JWRN_EXTRANEOUS_DATA:
        case JWRN_JFIF_MAJOR:
            return;
        default:
            fail(common);
    }
}

static void silent(j_common_ptr common) { (void)common; }

static void watch(j_common_ptr common) {
    Reader *reader = common->client_data;
    if (reader->jpeg.input_scan_number <= SCANS_MAX) return;
    snprintf(reader->message, MAWS_JPEG_MESSAGE_SIZE, "it has more than %d scans", SCANS_MAX);
    longjmp(reader->escape, 1);
}

static void begin(Reader *reader, const uint8_t *bytes, size_t length) {
    j_decompress_ptr jpeg = &reader->jpeg;
    jpeg->err = jpeg_std_error(&reader->errors);
    jpeg->client_data = reader;
    reader->errors.error_exit = fail;
    reader->errors.emit_message = warn;
    reader->errors.output_message = silent;
    jpeg_CreateDecompress(jpeg, JPEG_LIB_VERSION, sizeof(struct jpeg_decompress_struct));
    // Creation clears all but these two pointers.
    reader->progress.progress_monitor = watch;
    jpeg->progress = &reader->progress;
    jpeg_mem_src(jpeg, bytes, length);
    jpeg_read_header(jpeg, TRUE);
}

static int channels_of(j_decompress_ptr jpeg) {
    switch (jpeg->jpeg_color_space) {
        case JCS_GRAYSCALE: return 1;
        case JCS_CMYK:
        case JCS_YCCK: return 4;
        default: return 3;
    }
}

static int scales_well(j_decompress_ptr jpeg) {
    for (int i = 0; i < jpeg->num_components; i++) {
        const jpeg_component_info *part = &jpeg->comp_info[i];
        if (jpeg->max_h_samp_factor * part->v_samp_factor != jpeg->max_v_samp_factor * part->h_samp_factor) return 0;
    }
    return 1;
}

int maws_jpeg_header(const uint8_t *bytes, size_t length, MawsJPEGHeader *header, char *message) {
    Reader reader = {.message = message};
    if (setjmp(reader.escape)) {
        jpeg_destroy_decompress(&reader.jpeg);
        return -1;
    }
    begin(&reader, bytes, length);
    header->width = (int32_t)reader.jpeg.image_width;
    header->height = (int32_t)reader.jpeg.image_height;
    header->channels = channels_of(&reader.jpeg);
    header->scales_well = scales_well(&reader.jpeg);
    jpeg_destroy_decompress(&reader.jpeg);
    return 0;
}

static void start(j_decompress_ptr jpeg, int32_t denominator) {
    static const J_COLOR_SPACE spaces[] = {[1] = JCS_GRAYSCALE, [3] = JCS_RGB, [4] = JCS_CMYK};
    jpeg->out_color_space = spaces[channels_of(jpeg)];
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->scale_num = 1;
    jpeg->scale_denom = (unsigned)denominator;
    jpeg_start_decompress(jpeg);
}

// Rows come as wide as the blocks that hold the region; `left` is the region's first column in them.
static void read_rows(j_decompress_ptr jpeg, const MawsJPEGRegion *region, JDIMENSION left, uint8_t *pixels) {
    size_t channels = (size_t)jpeg->output_components, row_bytes = (size_t)region->width * channels;
    int is_whole = jpeg->output_width == (JDIMENSION)region->width;
    JSAMPARRAY buffer = jpeg->mem->alloc_sarray(
        (j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * (JDIMENSION)channels, 1);
    JDIMENSION end = (JDIMENSION)(region->y + region->height);
    while (jpeg->output_scanline < end) {
        JSAMPROW target = is_whole ? pixels : buffer[0];
        jpeg_read_scanlines(jpeg, &target, 1);
        if (!is_whole) memcpy(pixels, buffer[0] + left * channels, row_bytes);
        pixels += row_bytes;
    }
}

// Passes over the rows below the region. Skipping to the very end would not read them at all.
static void read_rest(j_decompress_ptr jpeg) {
    JDIMENSION rest = jpeg->output_height - jpeg->output_scanline;
    if (rest == 0) return;
    if (rest > 1) jpeg_skip_scanlines(jpeg, rest - 1);
    JSAMPARRAY row = jpeg->mem->alloc_sarray(
        (j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * (JDIMENSION)jpeg->output_components, 1);
    jpeg_read_scanlines(jpeg, row, 1);
}

int maws_jpeg_decode(
    const uint8_t *bytes, size_t length, const MawsJPEGRegion *region, uint8_t *pixels, char *message) {
    Reader reader = {.message = message};
    j_decompress_ptr jpeg = &reader.jpeg;
    if (setjmp(reader.escape)) {
        jpeg_destroy_decompress(jpeg);
        return -1;
    }
    begin(&reader, bytes, length);
    start(jpeg, region->denominator);
    JDIMENSION first = (JDIMENSION)region->x, last = first + (JDIMENSION)region->width;
    JDIMENSION begin_column = first > MARGIN ? first - MARGIN : 0;
    JDIMENSION end_column = last + MARGIN < jpeg->output_width ? last + MARGIN : jpeg->output_width;
    JDIMENSION width = end_column - begin_column;
    if (width < jpeg->output_width) {
        jpeg_crop_scanline(jpeg, &begin_column, &width);
    } else {
        begin_column = 0;
    }
    if (region->y > 0) jpeg_skip_scanlines(jpeg, (JDIMENSION)region->y);
    read_rows(jpeg, region, first - begin_column, pixels);
    read_rest(jpeg);
    jpeg_finish_decompress(jpeg);
    jpeg_destroy_decompress(jpeg);
    return 0;
}
