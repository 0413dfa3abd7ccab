#pragma once
// PNG through libpng: header and pixels as the file holds them. What a file says of colour (gAMA, cHRM, iCCP, sRGB) is
// not applied, as Pillow, OpenCV and torchvision do not. libpng reports errors with longjmp, which may not cross Swift;
// so each call here is whole and returns.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <png.h>

enum { MAWS_PNG_MESSAGE_SIZE = 200 };

typedef struct {
    int32_t width, height;
    // 1: grey; 3: colour, palettes included.
    int32_t channels;
} MawsPNGHeader;

// 0, or -1 with a message.
int maws_png_header(const uint8_t *bytes, size_t length, MawsPNGHeader *header, char *message);

// Decodes into `pixels`, width x height x channels bytes, interleaved, alpha left out. Of 16-bit samples the high byte
// is taken. 0, or -1 with a message.
int maws_png_decode(const uint8_t *bytes, size_t length, uint8_t *pixels, char *message);
