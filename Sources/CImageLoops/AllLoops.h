// Every loop for one instruction set, gathered in a table. Included once for each instruction set, by ImageLoops.c.

#include "Resize.h"

#include "Pixels.h"

static const MawsImageLoops NAMED(loops) = {
    .name = LOOPS_NAME,
    .resize = NAMED(resize),
    .pack = NAMED(pack),
    .normalize = NAMED(normalize),
    .map = NAMED(map),
    .affine = NAMED(affine),
    .blend = NAMED(blend),
    .luma = NAMED(luma),
    .smooth = NAMED(smooth),
};
