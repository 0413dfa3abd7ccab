#pragma once

#include <stddef.h>
#include <stdint.h>

/// The scalars of one AdamW update of one parameter.
typedef struct MawsAdamW {
    /// Factor on the gradient.
    float clip;
    /// 1 - learning rate × weight decay
    float keep;
    /// 1 - beta1, beta2, 1 - beta2
    float first_gain, second_keep, second_gain;
    /// sqrt(1 - beta2^t), and -learning rate / (1 - beta1^t)
    float root_correction, step_size;
    float epsilon;
} MawsAdamW;

/// The scalars of one SGD update of one parameter.
typedef struct MawsSGD {
    /// Factor on the gradient.
    float clip;
    /// Weight decay, added to the gradient as torch.optim.SGD does; 0 where the parameter does not decay.
    float decay;
    /// Factor on the momentum of before.
    float momentum;
    /// -learning rate
    float step_size;
    int is_nesterov;
} MawsSGD;

/// A map of 256 ascending values in [-1, 1] or [0, 1].
typedef struct MawsCodeMap {
    const float *values;
    /// The middle between a code's value and the next one's; infinite for the last.
    const float *middles;
    /// By the upper 16 bits of an fp32: the code of the smallest number that begins with them.
    const uint8_t *codes;
} MawsCodeMap;

/// What a server does with gradients, compiled for several instruction sets. Every operation is correctly rounded, none
/// are fused, and sums have an order of their own: **all instruction sets give the same bits**.
///
/// In all updates `next` takes the weights' next version; it may be `weights` or `gradient`. Moments change in place.
typedef struct MawsUpdateLoops {
    /// `avx512`, `avx2` or `baseline`.
    const char *name;

    /// In the order of operations of torch.optim.AdamW.
    void (*adamw)(
        float *next, const float *weights, const float *gradient, float *first, float *second, MawsAdamW adamw,
        size_t count);
    /// Moments are bfloat16, rounded at random: the upper 16 bits of the fp32 plus a number below 2^16. Element *e* of
    /// the block takes word e mod 4 of Philox 4x32-10 at counter (0, step, e / 4 + block · 2^40), low half for its
    /// first moment, high half for its second.
    void (*adamw_bf16)(
        float *next, const float *weights, const float *gradient, uint16_t *first, uint16_t *second, MawsAdamW adamw,
        const uint32_t key[2], uint32_t step, uint64_t block, uint64_t element, size_t count);
    /// Moments are codes of the maps, to the nearest (a tie to the lower), times the scale of their group. A group ends
    /// where element is a multiple of 256; the last one may be short.
    void (*adamw_int8)(
        float *next, const float *weights, const float *gradient, uint8_t *first, uint8_t *second, float *first_scales,
        float *second_scales, MawsAdamW adamw, const MawsCodeMap *signed_map, const MawsCodeMap *unsigned_map,
        uint64_t element, size_t count);
    /// In the order of operations of torch.optim.SGD without momentum: next = weights - rate × (clip × gradient + decay
    /// × weights).
    void (*sgd)(float *next, const float *weights, const float *gradient, MawsSGD sgd, size_t count);
    /// The same with momentum, plain or Nesterov's, and without dampening: momentum = factor × momentum + gradient. A
    /// momentum of zero is that of the first step, which torch makes a copy of the gradient.
    void (*sgd_momentum)(
        float *next, const float *weights, const float *gradient, float *momentum, MawsSGD sgd, size_t count);
    /// The momentum is bfloat16, rounded at random as the first moment of `adamw_bf16`.
    void (*sgd_momentum_bf16)(
        float *next, const float *weights, const float *gradient, uint16_t *momentum, MawsSGD sgd,
        const uint32_t key[2], uint32_t step, uint64_t block, uint64_t element, size_t count);
    /// The momentum is codes of a map with signs, as the first moment of `adamw_int8`.
    void (*sgd_momentum_int8)(
        float *next, const float *weights, const float *gradient, uint8_t *momentum, float *scales, MawsSGD sgd,
        const MawsCodeMap *map, uint64_t element, size_t count);
    /// A moving average of weights, as torch.lerp: average + gain × (weights - average) below a gain of a half, and
    /// weights - (1 - gain) × (weights - average) from there on, so that a gain of 1 copies the weights.
    void (*average)(float *average, const float *weights, float gain, size_t count);
    /// sum += other
    void (*add)(float *sum, const float *other, size_t count);
    /// Σ x² in fp64: eight running sums over x[i], i mod 8, added in order; then the last count mod 8 squares in order.
    double (*squares)(const float *x, size_t count);
} MawsUpdateLoops;

/// The loops for this machine's widest instruction set; never null.
const MawsUpdateLoops *maws_update_loops(void);
/// The loops of that name, or null when this machine cannot run them.
const MawsUpdateLoops *maws_update_loops_named(const char *name);
