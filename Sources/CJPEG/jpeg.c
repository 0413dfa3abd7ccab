#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// More scans than any encoder makes; a small file with thousands of them would take hours.
enum { SCANS_MAX = 500 };
// Smooth chroma upsampling looks this far beside a pixel, so columns at a crop's edge need neighbours to come out as
// they do in the whole image.
enum { MARGIN = 2 };

typedef struct {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    char *message;
    // MAWS_JPEG_DAMAGED unless the file is sound and of a kind that is not read.
    int result;
    int has_header;
    // The file has ended before its end mark.
    int is_dry;
    // Some pixels are not what was stored: their bits make no sense.
    int is_doubtful;
} Reader;

static void stop(Reader *reader, int result, const char *text) {
    snprintf(reader->message, MAWS_JPEG_MESSAGE_SIZE, "%s", text);
    reader->result = result;
    longjmp(reader->escape, 1);
}

static void fail(j_common_ptr common) {
    Reader *reader = common->client_data;
    switch (common->err->msg_code) {
        case JERR_BAD_PRECISION:
            snprintf(
                reader->message, MAWS_JPEG_MESSAGE_SIZE, "a JPEG file with samples of %d bits",
                common->err->msg_parm.i[0]);
            break;
        case JERR_SOF_UNSUPPORTED:
            snprintf(reader->message, MAWS_JPEG_MESSAGE_SIZE, "a lossless or hierarchical JPEG file");
            break;
        case JERR_ARITH_NOTIMPL:
            snprintf(reader->message, MAWS_JPEG_MESSAGE_SIZE, "a JPEG file with arithmetic coding");
            break;
        default: {
            char text[JMSG_LENGTH_MAX];
            common->err->format_message(common, text);
            stop(reader, MAWS_JPEG_DAMAGED, text);
        }
    }
    reader->result = MAWS_JPEG_UNSUPPORTED;
    longjmp(reader->escape, 1);
}

// Pillow reads what libjpeg warns about, and so do we: the decoder knows how to go on. A file that ends while pixels
// are missing is damaged; one that lacks its end mark only is not, unless its scans refine one another.
static void warn(j_common_ptr common, int level) {
    Reader *reader = common->client_data;
    if (level >= 0) return;
    switch (common->err->msg_code) {
        case JWRN_JPEG_EOF: {
            int needs_its_end =
                !reader->has_header || reader->jpeg.arith_code || jpeg_has_multiple_scans(&reader->jpeg);
            if (needs_its_end) stop(reader, MAWS_JPEG_DAMAGED, "it ends early");
            reader->is_dry = 1;
            break;
        }
        case JWRN_HIT_MARKER:
            if (reader->is_dry) stop(reader, MAWS_JPEG_DAMAGED, "it ends early");
            reader->is_doubtful = 1;
            break;
        case JWRN_ARITH_BAD_CODE:
        case JWRN_BOGUS_PROGRESSION:
        case JWRN_HUFF_BAD_CODE:
        case JWRN_MUST_RESYNC:
            reader->is_doubtful = 1;
    }
}

static void silent(j_common_ptr common) { (void)common; }

static void watch(j_common_ptr common) {
    Reader *reader = common->client_data;
    if (reader->jpeg.input_scan_number <= SCANS_MAX) return;
    char text[MAWS_JPEG_MESSAGE_SIZE];
    snprintf(text, sizeof text, "it has more than %d scans", SCANS_MAX);
    stop(reader, MAWS_JPEG_DAMAGED, text);
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
    reader->has_header = 1;
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
        return reader.result;
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

// Whether libjpeg smooths a progressive image whose scans stop early over the edges of its blocks, for which it looks
// at neighbours that a crop would leave out.
static int is_smoothed(j_decompress_ptr jpeg) {
    if (!jpeg->progressive_mode || !jpeg->coef_bits) return 0;
    for (int part = 0; part < jpeg->num_components; part++)
        for (int i = 0; i < DCTSIZE2; i++)
            if (jpeg->coef_bits[part][i] != 0) return 1;
    return 0;
}

// Makes rows no wider than the blocks that hold the region. Returns the region's first column in them.
static JDIMENSION crop_columns(j_decompress_ptr jpeg, const MawsJPEGRegion *region) {
    JDIMENSION first = (JDIMENSION)region->x, last = first + (JDIMENSION)region->width;
    JDIMENSION begin = first > MARGIN ? first - MARGIN : 0;
    JDIMENSION end = last + MARGIN < jpeg->output_width ? last + MARGIN : jpeg->output_width;
    JDIMENSION width = end - begin;
    if (width == jpeg->output_width) return first;
    jpeg_crop_scanline(jpeg, &begin, &width);
    return first - begin;
}

static JSAMPARRAY row_buffer(j_decompress_ptr jpeg) {
    return jpeg->mem->alloc_sarray(
        (j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * (JDIMENSION)jpeg->output_components, 1);
}

// `left` is the region's first column in the rows that come.
static void read_rows(j_decompress_ptr jpeg, const MawsJPEGRegion *region, JDIMENSION left, uint8_t *pixels) {
    size_t channels = (size_t)jpeg->output_components, row_bytes = (size_t)region->width * channels;
    int is_whole = jpeg->output_width == (JDIMENSION)region->width;
    JSAMPARRAY buffer = row_buffer(jpeg);
    JDIMENSION end = (JDIMENSION)(region->y + region->height);
    while (jpeg->output_scanline < end) {
        JSAMPROW target = is_whole ? pixels : buffer[0];
        jpeg_read_scanlines(jpeg, &target, 1);
        if (!is_whole) memcpy(pixels, buffer[0] + left * channels, row_bytes);
        pixels += row_bytes;
    }
}

// Skips the rows above the region.
static void read_to(j_decompress_ptr jpeg, JDIMENSION row, int may_skip) {
    if (may_skip) {
        if (row > 0) jpeg_skip_scanlines(jpeg, row);
        return;
    }
    JSAMPARRAY buffer = row_buffer(jpeg);
    while (jpeg->output_scanline < row) jpeg_read_scanlines(jpeg, buffer, 1);
}

// Skips the rows below the region. Skipping to the very end would not read them at all.
static void read_rest(j_decompress_ptr jpeg) {
    JDIMENSION rest = jpeg->output_height - jpeg->output_scanline;
    if (rest == 0) return;
    if (rest > 1) jpeg_skip_scanlines(jpeg, rest - 1);
    jpeg_read_scanlines(jpeg, row_buffer(jpeg), 1);
}

int maws_jpeg_decode(
    const uint8_t *bytes, size_t length, const MawsJPEGRegion *region, uint8_t *pixels, char *message) {
    Reader reader = {.message = message};
    j_decompress_ptr jpeg = &reader.jpeg;
    if (setjmp(reader.escape)) {
        jpeg_destroy_decompress(jpeg);
        return reader.result;
    }
    begin(&reader, bytes, length);
    start(jpeg, region->denominator);
    int may_crop = !is_smoothed(jpeg);
    JDIMENSION left = may_crop ? crop_columns(jpeg, region) : (JDIMENSION)region->x;
    read_to(jpeg, (JDIMENSION)region->y, may_crop);
    read_rows(jpeg, region, left, pixels);
    read_rest(jpeg);
    // What follows the last row is not looked at: phones put other pictures and films there.
    jpeg_destroy_decompress(jpeg);
    return reader.is_doubtful ? MAWS_JPEG_DOUBTFUL : 0;
}
