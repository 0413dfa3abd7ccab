#!/usr/bin/env python3
"""torchvision's transforms of a decoded PIL image on one core: what `maws-bench data` is compared with.

usage: peer-transform.py [SECONDS] [WIDTH HEIGHT SIZE]
Needs torch, torchvision and Pillow. Prints a figure a line, `figure=… value=… unit=images/s/core`.
"""
import sys
import time

import numpy
import torch

import torchvision_operators  # noqa: F401

from PIL import Image  # noqa: E402
from torchvision import transforms  # noqa: E402
from torchvision.transforms import InterpolationMode  # noqa: E402


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    width, height, size = map(int, sys.argv[2:5]) if len(sys.argv) > 4 else (500, 375, 224)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pixels = numpy.random.default_rng(0).integers(0, 256, (height, width, 3), numpy.uint8)
    image = Image.fromarray(pixels, "RGB")
    normalize = [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    for name, kernel, extra in [
        ("transform-bicubic", "bicubic", []), ("transform-bilinear", "bilinear", []),
        ("transform-rand-augment", "bicubic", [transforms.RandAugment(2, 9)]),
    ]:
        crop = transforms.RandomResizedCrop(size, (0.08, 1.0), (0.75, 4 / 3), InterpolationMode(kernel))
        transform = transforms.Compose([crop, transforms.RandomHorizontalFlip(), *extra, *normalize])
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            transform(image)
            count += 1
        print(f"figure={name} value={count / (time.perf_counter() - start):.0f} unit=images/s/core")


main()
