#!/usr/bin/env python3
"""Golden values of SGD and of the moving average of weights.

Ten steps of torch.optim.SGD (without momentum, with it, with Nesterov's) under clipping and a changing learning rate,
with timm's ModelEmaV3 beside each, and decays from its warm-up. Three steps of momentum kept in bf16 and in 8 bits, in
numpy, as golden-moments.py has them.
Needs a virtual environment with torch, safetensors and timm, of which utils/model_ema.py alone is loaded.
Writes Tests/MawsOptimizerTests/Golden/sgd-ema.safetensors.
"""
import importlib.metadata
import importlib.util
import pathlib

import numpy as np
import torch
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / "Tests/MawsOptimizerTests/Golden/sgd-ema.safetensors"
STEPS, CLIP, DECAY, MOMENTUM, EMA_DECAY = 10, 1.0, 0.1, 0.9, 0.75
KINDS = {"plain": (0.0, False), "momentum": (MOMENTUM, False), "nesterov": (MOMENTUM, True)}
f32 = np.float32


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def flat(tensors):
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).numpy()


def torch_steps(ema_class, momentum, nesterov, warmup):
    torch.manual_seed(1)
    model = torch.nn.ParameterList([torch.randn(7, 11), torch.randn(13), torch.randn(5, 9)])
    groups = [{"params": [p], "weight_decay": decay} for p, decay in zip(model, (DECAY, 0.0, DECAY))]
    optimizer = torch.optim.SGD(groups, lr=1.0, momentum=momentum, nesterov=nesterov)
    ema = ema_class(model, decay=EMA_DECAY, use_warmup=warmup)
    out = {"initial": flat(model)}
    rates = [0.1 * (step + 1) / 4 if step < 4 else 0.1 * (1 - (step - 4) / 6) for step in range(STEPS)]
    for step in range(STEPS):
        for group, scale in zip(optimizer.param_groups, (1.0, 1.0, 0.65)):
            group["lr"] = rates[step] * scale
        for parameter in model:
            parameter.grad = torch.randn_like(parameter) * (0.01 if step == 3 else 1.0)
        out[f"gradient.{step}"] = flat([p.grad for p in model])
        out[f"norm.{step}"] = torch.nn.utils.clip_grad_norm_(list(model), CLIP).reshape(1).numpy()
        optimizer.step()
        # As timm's train.py does it: the number of updates so far.
        ema.update(model, step=step + 1)
        out[f"weight.{step}"] = flat(model)
        out[f"ema.{step}"] = flat(ema.module)
    if momentum:
        out["momentum_buffer"] = flat([optimizer.state[p]["momentum_buffer"] for p in model])
    out["rates"] = np.array(rates)
    return out


def encoded_steps(moments, out):
    """Three steps with Nesterov's momentum kept in fewer bits, from the numbers of golden-moments.py."""
    random = np.random.default_rng(6)
    count = sum(size for size, _ in moments.PARAMETERS)
    gradients = [
        (random.standard_normal(count) * 10.0 ** random.uniform(-6, 0, count)).astype(f32) for _ in range(3)
    ]
    for gradient in gradients:
        gradient[310:330] = 0
    start = random.standard_normal(count).astype(f32)
    out |= {"encoded.initial": start} | {f"encoded.gradient.{step}": g for step, g in enumerate(gradients)}
    decays = np.concatenate([np.full(size, decay) for size, decay in moments.PARAMETERS]).astype(f32)
    ends = np.cumsum([0] + [size for size, _ in moments.PARAMETERS])
    cuts = sorted(set(range(0, count, 256)) | set(ends.tolist()))

    def step_of(weights, buffer, gradient):
        gradient = gradient * f32(1) + weights * decays
        buffer = buffer * f32(MOMENTUM) + gradient
        return weights + (gradient + buffer * f32(MOMENTUM)) * f32(-moments.RATE), buffer

    weights, buffer = start, np.zeros(count, f32)
    for gradient in gradients:
        weights, exact = step_of(weights, buffer, gradient)
        parts = [moments.quantize(exact[low:high], moments.dynamic_map(True)) for low, high in zip(cuts, cuts[1:])]
        buffer = np.concatenate([moments.dynamic_map(True)[codes] * scale for codes, scale in parts])
    out["int8.weight"] = weights
    out["int8.codes"] = np.concatenate([codes for codes, _ in parts]).astype(f32)
    out["int8.scales"] = np.array([scale for _, scale in parts], f32)

    weights, buffer = start, np.zeros(count, np.uint32)
    for step, gradient in enumerate(gradients):
        weights, exact = step_of(weights, buffer.view(f32), gradient)
        words = moments.random_words(step, count)
        buffer = (exact.view(np.uint32) + (words & 0xFFFF)) & np.uint32(0xFFFF0000)
    out |= {"bf16.weight": weights, "bf16.momentum": buffer.view(f32)}


def main():
    package = importlib.metadata.distribution("timm").locate_file("timm/utils/model_ema.py")
    ema_class = load(package, "model_ema").ModelEmaV3
    out = {}
    for kind, (momentum, nesterov) in KINDS.items():
        made = torch_steps(ema_class, momentum, nesterov, False)
        results = {name for name in made if name.split(".")[0] in ("weight", "ema", "momentum_buffer")}
        out |= {f"{kind}.{name}": made[name] for name in results} | {name: made[name] for name in set(made) - results}
    warm = torch_steps(ema_class, MOMENTUM, False, True)
    out |= {f"warmup.{name}": warm[name] for name in warm if name.startswith("ema.")}
    ema = ema_class(torch.nn.Linear(1, 1), decay=0.9999, use_warmup=True)
    counts = [0, 1, 2, 3, 10, 1000, 31_624, 999_000, 2_000_000, 4_000_000_000]
    out["warmup.counts"] = np.array(counts, np.float64)
    out["warmup.decays"] = np.array([ema.get_decay(count) for count in counts], np.float64)
    encoded_steps(load(HERE / "golden-moments.py", "moments"), out)
    save_file({name: np.ascontiguousarray(value) for name, value in out.items()}, OUT)
    OUT.chmod(0o644)


if __name__ == "__main__":
    main()
