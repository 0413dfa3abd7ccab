#!/usr/bin/env python3
"""Golden values of the ways to keep AdamW's moments, in numpy alone, from the definitions of others.

8 bits: Dettmers et al., "8-bit Optimizers via Block-wise Quantization", ICLR 2022, with the dynamic map of bitsandbytes'
create_dynamic_map (7 exponent bits, 8 bits in all), nearest code by the middles, groups of 256 that end with a parameter.
bf16: stochastic rounding by Philox 4x32-10 (Salmon et al., SC 2011), known from its own answers.
Writes Tests/MawsOptimizerTests/Golden/moments.safetensors.
"""
import pathlib

import numpy as np
from safetensors.numpy import save_file

OUT = pathlib.Path(__file__).parent.parent / "Tests/MawsOptimizerTests/Golden/moments.safetensors"
STEPS, RATE, DECAY, BETAS, EPSILON = 3, 1e-2, 0.1, (0.9, 0.95), 1e-8
PARAMETERS = ((300, DECAY), (77, 0.0), (523, DECAY))
SEED, STAGE, PURPOSE, BLOCK = 11, 2, 20, 0
f32, u64, MASK = np.float32, np.uint64, (1 << 64) - 1


def dynamic_map(signed):
    values = [0.0, 1.0]
    for i in range(7):
        borders = np.linspace(0.1, 1, (2**i if signed else 2 ** (i + 1)) + 1)
        means = (borders[:-1] + borders[1:]) / 2 * 10.0 ** (i - 6)
        values += means.tolist() + ((-means).tolist() if signed else [])
    return np.array(sorted(values)).astype(f32)


def quantize(values, table):
    scale = np.abs(values).max()
    quotients = values / (scale if scale > 0 else f32(1))
    middles = (table[:-1] + table[1:]) * f32(0.5)
    return np.searchsorted(middles, quotients, side="left").astype(np.uint8), scale


def mix(value):
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def philox(counter, key):
    x, y, z, w = counter
    for _ in range(10):
        left, right = 0xD2511F53 * x, 0xCD9E8D57 * z
        x, y, z, w = (right >> 32) ^ y ^ key[0], right & 0xFFFFFFFF, (left >> 32) ^ w ^ key[1], left & 0xFFFFFFFF
        key = ((key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF)
    return x, y, z, w


assert philox((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)) == (
    0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


def random_words(step, count):
    mixed = mix(SEED ^ mix((PURPOSE << 32) | STAGE))
    key = (mixed & 0xFFFFFFFF, mixed >> 32)
    words = []
    for quad in range((count + 3) // 4):
        position = (BLOCK << 40) + quad
        words += philox((0, step, position & 0xFFFFFFFF, position >> 32), key)
    return np.array(words[:count], dtype=np.uint32)


def step_of(weights, first, second, gradient, step, decay):
    """One update in fp32, operation by operation as torch.optim.AdamW's default path."""
    root = f32(np.sqrt(1 - BETAS[1] ** (step + 1)))
    size = f32(-RATE / (1 - BETAS[0] ** (step + 1)))
    first = first + (gradient - first) * f32(1 - BETAS[0])
    second = second * f32(BETAS[1]) + (gradient * f32(1 - BETAS[1])) * gradient
    denominator = np.sqrt(second) / root + f32(EPSILON)
    return weights * f32(1 - RATE * decay) + (first * size) / denominator, first, second


def main():
    random = np.random.default_rng(5)
    count = sum(size for size, _ in PARAMETERS)
    # Gradients over six decades, as those of a network are; a stretch of exact zeros.
    gradients = [
        (random.standard_normal(count) * 10.0 ** random.uniform(-6, 0, count)).astype(f32) for _ in range(STEPS)
    ]
    for gradient in gradients:
        gradient[310:330] = 0
    start = random.standard_normal(count).astype(f32)
    signed, unsigned = dynamic_map(True), dynamic_map(False)
    out = {"initial": start, "signed": signed, "unsigned": unsigned}
    out |= {f"gradient.{step}": gradient for step, gradient in enumerate(gradients)}
    decays = np.concatenate([np.full(size, decay) for size, decay in PARAMETERS])
    ends = np.cumsum([0] + [size for size, _ in PARAMETERS])
    cuts = sorted(set(range(0, count, 256)) | set(ends.tolist()))

    weights, first, second = start, np.zeros(count, f32), np.zeros(count, f32)
    for step, gradient in enumerate(gradients):
        weights, m, v = step_of(weights, first, second, gradient, step, decays)
        codes, scales = [[], []], [[], []]
        first, second = np.empty(count, f32), np.empty(count, f32)
        for low, high in zip(cuts, cuts[1:]):
            for index, (kept, moment, table) in enumerate(((first, m, signed), (second, v, unsigned))):
                code, scale = quantize(moment[low:high], table)
                kept[low:high] = table[code] * scale
                codes[index].append(code)
                scales[index].append(scale)
    out["int8.weight"] = weights
    for index, name in enumerate(("first", "second")):
        out[f"int8.{name}.codes"] = np.concatenate(codes[index]).astype(f32)
        out[f"int8.{name}.scales"] = np.array(scales[index], f32)

    weights, first, second = start, np.zeros(count, np.uint32), np.zeros(count, np.uint32)
    for step, gradient in enumerate(gradients):
        weights, m, v = step_of(weights, first.view(f32), second.view(f32), gradient, step, decays)
        words = random_words(step, count)
        first = (m.view(np.uint32) + (words & 0xFFFF)) & np.uint32(0xFFFF0000)
        second = (v.view(np.uint32) + (words >> 16)) & np.uint32(0xFFFF0000)
    out |= {"bf16.weight": weights, "bf16.first": first.view(f32), "bf16.second": second.view(f32)}
    save_file({name: np.ascontiguousarray(value, f32) for name, value in out.items()}, OUT)
    OUT.chmod(0o644)


if __name__ == "__main__":
    main()
