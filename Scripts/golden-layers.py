#!/usr/bin/env python3
"""Golden values of single layers, forward and backward.

Run in a virtual environment with torch and safetensors:
    python Scripts/golden-layers.py Tests/MawsKernelsTests/Golden

Writes layers.safetensors. Inputs are random fp32, the arithmetic is done in fp64. Sizes are odd on purpose: vectors
have a rest. `d.x` is the gradient of x for the output gradient `dy`.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

functional = torch.nn.functional


def run(store, layer, inputs, function):
    """Stores inputs, output, a random output gradient, and the gradient of every input."""
    leaves = {name: value.double().requires_grad_() for name, value in inputs.items()}
    output = function(**leaves)
    dy = torch.randn(output.shape, generator=GENERATOR)
    output.backward(dy.double())
    store.update({f"{layer}.{name}": value for name, value in inputs.items()})
    store.update({f"{layer}.d.{name}": leaf.grad for name, leaf in leaves.items()})
    store[f"{layer}.y"], store[f"{layer}.dy"] = output, dy


def random(*shape, scale=1.0):
    return scale * torch.randn(*shape, generator=GENERATOR)


def attention(query, key, value, valid):
    """[batch, tokens, heads, width] each; only the first `valid` tokens of a sequence may be attended to."""
    scores = torch.einsum("bqhd,bkhd->bhqk", query, key) / query.shape[-1] ** 0.5
    hidden = torch.arange(key.shape[1])[None] >= torch.tensor(valid)[:, None]
    scores = scores.masked_fill(hidden[:, None, None], float("-inf"))
    return torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), value)


def attention_inputs(queries, tokens, heads, width, batch=2):
    return {"query": random(batch, queries, heads, width), "key": random(batch, tokens, heads, width),
            "value": random(batch, tokens, heads, width)}


def main(folder):
    store = {}
    run(store, "linear", {"x": random(7, 5), "weight": random(6, 5), "bias": random(6)},
        lambda x, weight, bias: functional.linear(x, weight, bias))
    run(store, "norm", {"x": 3 + random(9, 37), "weight": random(37), "bias": random(37)},
        lambda x, weight, bias: functional.layer_norm(x, (37,), weight, bias, 1e-6))
    run(store, "gelu", {"x": random(1003, scale=3)}, functional.gelu)
    run(store, "tanh", {"x": random(1003, scale=3)}, torch.tanh)
    run(store, "softmax", {"x": random(5, 41, scale=4)}, lambda x: x.softmax(-1))
    run(store, "attention", attention_inputs(19, 19, 3, 8), lambda **x: attention(**x, valid=[19, 19]))
    run(store, "attention.wide", attention_inputs(50, 50, 2, 32), lambda **x: attention(**x, valid=[50, 50]))
    run(store, "attention.padded", attention_inputs(19, 19, 3, 8), lambda **x: attention(**x, valid=[19, 7]))
    run(store, "attention.class", attention_inputs(1, 19, 3, 16), lambda **x: attention(**x, valid=[19, 19]))
    save_file({name: value.detach().float().contiguous() for name, value in store.items()},
              Path(folder) / "layers.safetensors")


GENERATOR = torch.Generator().manual_seed(3)

if __name__ == "__main__":
    main(sys.argv[1])
