#pragma once
// JPEG through libjpeg-turbo: header, and a rectangle of the image at full size or 1/2, 1/4, 1/8 of it. libjpeg reports
// errors with longjmp, which may not cross Swift; so each call here is whole and returns.
#include <stddef.h>
#include <stdint.h>

enum { MAWS_JPEG_MESSAGE_SIZE = 200 };

// What calls return besides 0: with a message damage, or what kind of file it is that is not read; and that pixels were
// read whose bits make no sense, which libjpeg warns of.
enum { MAWS_JPEG_DAMAGED = -1, MAWS_JPEG_UNSUPPORTED = -2, MAWS_JPEG_DOUBTFUL = 1 };

typedef struct {
    int32_t width, height;
    // 1: grey; 3: colour; 4: CMYK or YCCK.
    int32_t channels;
    // Whether 1/2, 1/4 and 1/8 of the size look like the whole made smaller: not where colour has half the columns but
    // all rows, or half the rows but all columns.
    int32_t scales_well;
} MawsJPEGHeader;

// Pixels to deliver, in pixels of the image divided by `denominator` (1, 2, 4 or 8) and rounded up.
typedef struct {
    int32_t denominator;
    int32_t x, y, width, height;
} MawsJPEGRegion;

int maws_jpeg_header(const uint8_t *bytes, size_t length, MawsJPEGHeader *header, char *message);

// Decodes into `pixels`, width x height x channels bytes, interleaved: grey, RGB, or the four inks as the file holds
// them. All rows are read, whatever the region, so that damage outside it is found too.
int maws_jpeg_decode(
    const uint8_t *bytes, size_t length, const MawsJPEGRegion *region, uint8_t *pixels, char *message);
