#pragma once

#include <stddef.h>

/// What a row of scores s contributes to a softmax cross-entropy, in fp64.
typedef struct MawsScoreSums {
    /// max s
    float top;
    /// Σ exp(s - top), Σ exp(s - top) s and Σ s: eight running sums over s[i], i mod 8, added in order; the last
    /// count mod 8 go to the first of them.
    double exponentials, weighted, scores;
} MawsScoreSums;

/// The inner loops of the contrastive loss. No operation is fused and sums have an order of their own: **all
/// instruction sets give the same bits**.
typedef struct MawsContrastiveLoops {
    /// `avx512`, `avx2` or `baseline`.
    const char *name;

    /// - Parameter scores: [count], at least one.
    void (*score_sums)(MawsScoreSums *result, const float *scores, size_t count);
    /// scores = (exp(scores - row) + exp(scores - columns) - everywhere) factor; scores and columns are [count].
    void (*score_gradient)(
        float *scores, float row, const float *columns, float everywhere, float factor, size_t count);
} MawsContrastiveLoops;

/// The loops for this machine's widest instruction set; never null.
const MawsContrastiveLoops *maws_contrastive_loops(void);
/// The loops of that name, or null when this machine cannot run them.
const MawsContrastiveLoops *maws_contrastive_loops_named(const char *name);
