// Loops over activations of one type. Included after Elementwise.h twice for each instruction set, for fp32 and for
// bfloat16, with
// ACTIVATION(name)                 names of the functions
// ELEMENT                          type of an element in memory
// LOAD(p), LOAD_PART(p, count)     LANES elements as fp32; the first `count`, zeros behind them
// STORE(p, v), STORE_PART(p, v, count)

static void ACTIVATION(gelu_forward)(ELEMENT *y, const ELEMENT *x, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        Vec v = LOAD(x + i);
        STORE(y + i, v * NAMED(normal_cdf)(v));
    }
    if (i < count) {
        Vec v = LOAD_PART(x + i, count - i);
        STORE_PART(y + i, v * NAMED(normal_cdf)(v), count - i);
    }
}

static void ACTIVATION(gelu_backward)(
    ELEMENT *dx, ELEMENT *y, const ELEMENT *dy, const ELEMENT *x, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        Vec v = LOAD(x + i), cdf = NAMED(normal_cdf)(v);
        STORE(dx + i, LOAD(dy + i) * NAMED(gelu_slope)(v, cdf));
        if (y) STORE(y + i, v * cdf);
    }
    if (i < count) {
        size_t rest = count - i;
        Vec v = LOAD_PART(x + i, rest), cdf = NAMED(normal_cdf)(v);
        STORE_PART(dx + i, LOAD_PART(dy + i, rest) * NAMED(gelu_slope)(v, cdf), rest);
        if (y) STORE_PART(y + i, v * cdf, rest);
    }
}

#undef ACTIVATION
#undef ELEMENT
#undef LOAD
#undef LOAD_PART
#undef STORE
#undef STORE_PART
