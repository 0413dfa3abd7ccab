#!/usr/bin/env python3
"""Golden values of learned position tables that are brought to another grid.

Run in a virtual environment with torch, timm and safetensors:
    python Scripts/golden-positions.py Tests/MawsTrainingTests/Golden

Writes positions.safetensors: for each pair of grid sides `<from>.<to>.x` and, by timm's resample_abs_pos_embed with one
prefix token, `<from>.<to>.y`.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from timm.layers.pos_embed import resample_abs_pos_embed

WIDTH = 8
SIDES = [(3, 5), (5, 3), (4, 7), (7, 4), (7, 14), (14, 9)]

generator = torch.Generator().manual_seed(1)
store = {}
for old, new in SIDES:
    table = torch.randn(1, old * old + 1, WIDTH, generator=generator)
    store[f"{old}.{new}.x"] = table
    store[f"{old}.{new}.y"] = resample_abs_pos_embed(table, [new, new], [old, old], num_prefix_tokens=1).contiguous()
save_file(store, Path(sys.argv[1]) / "positions.safetensors")
