// Loops over a row of the contrastive loss's scores, eight at a time whatever the instruction set. Included once for
// each instruction set.

#if LANES > 8
#undef LANES
#define LANES 8
#endif

#include "Vector.h"

typedef double NAMED(WideVec) __attribute__((vector_size(LANES * 8)));
#define WideVec NAMED(WideVec)
#define WIDE(x) __builtin_convertvector(x, WideVec)
#define GROUPS (8 / LANES)

INLINE Vec NAMED(exp_score)(Vec x) { return NAMED(exp_within)(x, -87.33654f, 88.3f); }

INLINE double NAMED(sum_in_order)(const WideVec *groups) {
    double sum = 0;
    for (int group = 0; group < GROUPS; group++)
        for (int lane = 0; lane < LANES; lane++) sum += groups[group][lane];
    return sum;
}

INLINE float NAMED(top_score)(const float *scores, size_t count) {
    Vec tops = NAMED(spread)(scores[0]);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) tops = NAMED(max)(tops, NAMED(load)(scores + i));
    if (i < count) tops = NAMED(max)(tops, NAMED(load_part)(scores + i, count - i, scores[0]));
    return NAMED(largest)(tops);
}

static void NAMED(score_sums)(MawsScoreSums *result, const float *scores, size_t count) {
    float top = NAMED(top_score)(scores, count);
    WideVec sums[GROUPS] = {{0}}, weighted[GROUPS] = {{0}}, totals[GROUPS] = {{0}};
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int group = 0; group < GROUPS; group++) {
            Vec score = NAMED(load)(scores + i + group * LANES);
            WideVec power = WIDE(NAMED(exp_score)(score - top)), wide = WIDE(score);
            sums[group] += power;
            weighted[group] += power * wide;
            totals[group] += wide;
        }
    for (; i < count; i++) {
        double power = NAMED(exp_score)(NAMED(spread)(scores[i] - top))[0], score = scores[i];
        sums[0][0] += power;
        weighted[0][0] += power * score;
        totals[0][0] += score;
    }
    *result = (MawsScoreSums){
        top, NAMED(sum_in_order)(sums), NAMED(sum_in_order)(weighted), NAMED(sum_in_order)(totals)};
}

INLINE Vec NAMED(score_slope)(Vec score, float row, Vec columns, float everywhere, float factor) {
    return (NAMED(exp_score)(score - row) + NAMED(exp_score)(score - columns) - everywhere) * factor;
}

static void NAMED(score_gradient)(
    float *scores, float row, const float *columns, float everywhere, float factor, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        Vec score = NAMED(load)(scores + i), others = NAMED(load)(columns + i);
        NAMED(store)(scores + i, NAMED(score_slope)(score, row, others, everywhere, factor));
    }
    if (i < count) {
        size_t rest = count - i;
        Vec score = NAMED(load_part)(scores + i, rest, 0), others = NAMED(load_part)(columns + i, rest, 0);
        NAMED(store_part)(scores + i, NAMED(score_slope)(score, row, others, everywhere, factor), rest);
    }
}

static const MawsContrastiveLoops NAMED(contrastive_loops) = {
    .name = LOOPS_NAME,
    .score_sums = NAMED(score_sums),
    .score_gradient = NAMED(score_gradient),
};

#undef Vec
#undef IntVec
#undef WordVec
#undef INLINE
#undef WideVec
#undef WIDE
#undef GROUPS
