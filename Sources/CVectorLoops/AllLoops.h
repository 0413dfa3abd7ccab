// Every loop for one instruction set, gathered in a table. Included once for each instruction set, by VectorLoops.c.

#include "Vector.h"

#include "Elementwise.h"

#include "LayerNorm.h"

#include "SmallProduct.h"

static const MawsVectorLoops NAMED(loops) = {
    .name = LOOPS_NAME,
    .gelu_forward = NAMED(gelu_forward),
    .gelu_backward = NAMED(gelu_backward),
    .tanh_forward = NAMED(tanh_forward),
    .tanh_backward = NAMED(tanh_backward),
    .add = NAMED(add),
    .add_scaled = NAMED(add_scaled),
    .scale = NAMED(scale),
    .softmax_forward = NAMED(softmax_forward),
    .softmax_backward = NAMED(softmax_backward),
    .layer_norm_forward = NAMED(layer_norm_forward),
    .layer_norm_backward = NAMED(layer_norm_backward),
    .fill_rows = NAMED(fill_rows),
    .sum_rows = NAMED(sum_rows),
    .transpose = NAMED(transpose),
    .small_product = NAMED(small_product),
};

#undef Vec
#undef IntVec
#undef INLINE
