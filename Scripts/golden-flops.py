#!/usr/bin/env python3
"""FLOPs of one image's forward pass through each preset, counted by PyTorch on timm's ViT without memory
(meta device): the numbers in Tests/MawsPlanTests/PlanCostTests.swift.

usage: golden-flops.py
"""
import torch
from timm.models.vision_transformer import VisionTransformer
from torch.utils.flop_counter import FlopCounterMode

PRESETS = [  # name, patch, depth, width, heads: Table 1 of the paper, DeiT for the smallest two
    ("vit_ti16", 16, 12, 192, 3), ("vit_s16", 16, 12, 384, 6), ("vit_b16", 16, 12, 768, 12),
    ("vit_l16", 16, 24, 1024, 16), ("vit_h14", 14, 32, 1280, 16), ("vit_2b14", 14, 24, 2560, 32),
    ("vit_6.5b14", 14, 32, 4096, 32),
]


def count(model, images):
    with FlopCounterMode(display=False) as counter:
        model(images)
    return counter.get_total_flops()


with torch.device("meta"):
    images = torch.empty(1, 3, 224, 224)
    for name, patch, depth, width, heads in PRESETS:
        model = VisionTransformer(
            patch_size=patch, embed_dim=width, depth=depth, num_heads=heads, num_classes=0)
        print(f'("{name}", {count(model, images):_}),')
