// Every loop for one instruction set, gathered in a table. Included once for each instruction set, by VectorLoops.c.

#include "Vector.h"

#include "Elementwise.h"

#include "LayerNorm.h"

#include "SmallProduct.h"

static const MawsVectorLoops NAMED(loops) = {
    .name = LOOPS_NAME,
    .gelu_forward = NAMED(gelu_forward),
    .gelu_backward = NAMED(gelu_backward),
    .gelu_forward_half = NAMED(gelu_forward_half),
    .gelu_backward_half = NAMED(gelu_backward_half),
    .tanh_forward = NAMED(tanh_forward),
    .tanh_backward = NAMED(tanh_backward),
    .add = NAMED(add),
    .add_scaled = NAMED(add_scaled),
    .scale = NAMED(scale),
    .softmax_forward = NAMED(softmax_forward),
    .softmax_again = NAMED(softmax_again),
    .softmax_backward = NAMED(softmax_backward),
    .layer_norm_forward = NAMED(layer_norm_forward),
    .layer_norm_again = NAMED(layer_norm_again),
    .layer_norm_backward = NAMED(layer_norm_backward),
    .fill_rows = NAMED(fill_rows),
    .sum_rows = NAMED(sum_rows),
    .sum_rows_half = NAMED(sum_rows_half),
    .narrow = NAMED(narrow),
    .widen = NAMED(widen),
    .transpose = NAMED(transpose),
    .small_product = NAMED(small_product),
};

#undef Vec
#undef IntVec
#undef WordVec
#undef INLINE
