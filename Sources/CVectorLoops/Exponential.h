// The exponential of all loops. Included from Vector.h, once for each instruction set.

// e^x, relative error below 1.2e-7 for x in [low, high], which lies in [-87.34, 88.3]; outside, the value at the
// border, but 0 for -infinity. NaN stays NaN. Cody–Waite reduction by ln 2 and the polynomial of Cephes' expf.
INLINE Vec NAMED(exp_within)(Vec x, float low, float high) {
    IntVec isAbove = x != -__builtin_inff();
    x = NAMED(clamp)(x, low, high);
    const float magic = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer in the low bits.
    Vec shifted = x * 1.44269504088896341f + magic;
    Vec n = shifted - magic;
    Vec r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    // 2^n as a factor: added to the exponent's bits it would make a number of some NaNs.
    Vec power = (Vec)(((IntVec)shifted << 23) + (127 << 23));
    return (Vec)((IntVec)(p * power) & isAbove);
}
