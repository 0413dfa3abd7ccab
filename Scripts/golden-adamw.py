#!/usr/bin/env python3
"""Golden values of the optimizer: ten steps of torch.optim.AdamW with clipping and a changing learning rate.

Needs a virtual environment with torch and safetensors. Writes Tests/MawsOptimizerTests/Golden/adamw.safetensors.
"""
import pathlib

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent.parent / "Tests/MawsOptimizerTests/Golden/adamw.safetensors"
STEPS, CLIP, DECAY, BETAS, EPSILON = 10, 1.0, 0.1, (0.9, 0.98), 1e-6


def main():
    torch.manual_seed(1)
    weight = torch.nn.Parameter(torch.randn(7, 11))
    bias = torch.nn.Parameter(torch.randn(13))
    scaled = torch.nn.Parameter(torch.randn(5, 9))
    groups = [
        {"params": [weight], "weight_decay": DECAY},
        {"params": [bias], "weight_decay": 0.0},
        {"params": [scaled], "weight_decay": DECAY},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1.0, betas=BETAS, eps=EPSILON)
    parameters = [weight, bias, scaled]
    flat = lambda tensors: torch.cat([t.detach().reshape(-1) for t in tensors])
    out = {"initial": flat(parameters)}
    rates = [1e-3 * (step + 1) / 4 if step < 4 else 1e-3 * (1 - (step - 4) / 6) for step in range(STEPS)]
    for step in range(STEPS):
        for group, scale in zip(optimizer.param_groups, (1.0, 1.0, 0.65)):
            group["lr"] = rates[step] * scale
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter) * (0.01 if step == 3 else 1.0)
        out[f"gradient.{step}"] = flat([p.grad for p in parameters])
        out[f"norm.{step}"] = torch.nn.utils.clip_grad_norm_(parameters, CLIP).reshape(1)
        optimizer.step()
        out[f"weight.{step}"] = flat(parameters)
    state = [optimizer.state[p] for p in parameters]
    out["first"] = flat([s["exp_avg"] for s in state])
    out["second"] = flat([s["exp_avg_sq"] for s in state])
    out["rates"] = torch.tensor(rates, dtype=torch.float64)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in out.items()}, OUT)
    OUT.chmod(0o644)


if __name__ == "__main__":
    main()
