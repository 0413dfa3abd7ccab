#!/usr/bin/env python3
"""Golden augmentations: what torchvision and Pillow make of small images, with every random draw given.

Run in a virtual environment with torch, torchvision and Pillow:
    python Scripts/golden-augment.py

Writes augment.json (pixels in base64) into Tests/MawsDataTestSupport/Golden, and checks on the way that the pipeline used is
torchvision's own: each result comes from its functions.
"""
import base64
import json
import math
import pathlib

import numpy
import torch

import torchvision_operators  # noqa: F401

from PIL import Image  # noqa: E402
from torchvision import transforms  # noqa: E402
from torchvision.transforms import InterpolationMode, autoaugment, v2  # noqa: E402
from torchvision.transforms import functional as F  # noqa: E402

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsDataTestSupport/Golden"
WIDTH, HEIGHT, SIDE = 37, 29, 20
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NAMES = ["Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast",
         "Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize"]


def text(data):
    return base64.b64encode(data).decode()


def floats(tensor):
    return text(tensor.detach().numpy().astype("<f4").tobytes())


def photo(width, height, mode):
    """Smooth colours of a narrow range, with some hard edges."""
    y, x = numpy.mgrid[0:height, 0:width]
    planes = [110 + 90 * numpy.sin(x / 6 + y / 11), (x * 5 + y * 3) % 200 + 20, numpy.where((x // 7 + y // 6) % 2, 215, 40)]
    image = Image.fromarray(numpy.stack(planes, -1).astype(numpy.uint8), "RGB")
    return image.convert(mode)


def channels(image):
    return len(image.getbands())


def operations():
    """Each operation at several magnitudes and both signs."""
    cases = []
    space = transforms.RandAugment()._augmentation_space(31, (SIDE, SIDE))
    assert list(space) == NAMES
    for mode in ["RGB", "L"]:
        image = photo(SIDE, SIDE, mode)
        for index, name in enumerate(NAMES):
            magnitudes, signed = space[name]
            levels = [0, 4, 9, 17, 30] if magnitudes.ndim else [0]
            for level in levels:
                for sign in [1, -1] if signed and level else [1]:
                    strength = sign * (float(magnitudes[level]) if magnitudes.ndim else 0.0)
                    result = autoaugment._apply_op(image, name, strength, InterpolationMode.NEAREST, None)
                    if name.startswith("Translate"):
                        strength = float(int(strength))
                    cases.append({"operation": index, "channels": channels(image), "magnitude": level, "sign": sign,
                                  "strength": strength, "pixels": text(result.tobytes())})
    return cases


def tones():
    """AutoContrast and Equalize of images with few values."""
    cases = []
    for values in [[7], [3, 250], [0, 255], [10, 11, 12, 200]]:
        pixels = numpy.array([values[i * i % len(values)] for i in range(SIDE * SIDE)], numpy.uint8)
        image = Image.fromarray(pixels.reshape(SIDE, SIDE), "L")
        for name in ["AutoContrast", "Equalize", "Contrast"]:
            strength = 0.5 if name == "Contrast" else 0.0
            result = autoaugment._apply_op(image, name, strength, InterpolationMode.NEAREST, None)
            cases.append({"operation": NAMES.index(name), "source": text(image.tobytes()), "strength": strength,
                          "pixels": text(result.tobytes())})
    return cases


def resizes():
    """Crops resized by both kernels, up and down."""
    cases = []
    for mode in ["L", "RGB"]:
        source = photo(WIDTH, HEIGHT, mode)
        for kernel in ["bicubic", "bilinear"]:
            for box, size in [
                ((0, 0, 37, 29), (20, 20)), ((5, 3, 33, 28), (8, 8)), ((20, 10, 30, 21), (20, 20)), ((36, 28, 37, 29), (5, 5)),
                ((0, 0, 37, 29), (3, 2)), ((1, 1, 21, 21), (20, 20)), ((0, 7, 37, 8), (40, 33)), ((7, 0, 9, 29), (17, 20)),
            ]:
                result = F.resized_crop(source, box[1], box[0], box[3] - box[1], box[2] - box[0], (size[1], size[0]),
                                        InterpolationMode(kernel))
                cases.append({"kernel": kernel, "channels": channels(source), "size": size,
                              "crop": [box[0], box[1], box[2] - box[0], box[3] - box[1]], "pixels": text(result.tobytes())})
    return cases


def views():
    """Short-side scaling and the central crop, of wide and tall images."""
    cases = []
    for width, height in [(37, 29), (29, 37), (20, 20), (61, 21)]:
        source = photo(width, height, "RGB")
        for short in [20, 25]:
            for kernel in ["bicubic", "bilinear"]:
                scaled = F.resize(source, short, InterpolationMode(kernel))
                cases.append({"width": width, "height": height, "source": text(source.tobytes()), "shortSide": short,
                              "kernel": kernel, "scaledWidth": scaled.width, "scaledHeight": scaled.height,
                              "pixels": text(F.center_crop(scaled, SIDE).tobytes())})
    return cases


def pipeline():
    """A given crop, with and without the flip, normalised."""
    source = photo(WIDTH, HEIGHT, "RGB")
    image = F.resized_crop(source, 3, 5, 23, 30, (SIDE, SIDE), InterpolationMode.BICUBIC)
    normal = [F.normalize(F.to_tensor(one), MEAN, STD) for one in (image, F.hflip(image))]
    return {"crop": [5, 3, 30, 23], "plain": floats(normal[0]), "flipped": floats(normal[1])}


def mixing():
    """MixUp and CutMix of a batch of three, and the erasing of a box."""
    generator = torch.Generator().manual_seed(1)
    batch = torch.randn(3, 1, 16, 16, generator=generator)
    labels = torch.eye(3)
    cases = []
    for share in [0.0, 0.3, 0.75, 1.0]:
        mixup = v2.MixUp(num_classes=3)
        parameters = {"labels": labels, "batch_size": 3, "lam": share}
        cases.append({"share": share, "images": floats(mixup.transform(batch, parameters)),
                      "labels": floats(mixup.transform(labels, parameters))})
    boxes = []
    for share, x, y in [(0.3, 8, 8), (0.9, 0, 15), (0.0, 3, 12), (0.55, 14, 1), (1.0, 5, 5)]:
        half = int(0.5 * math.sqrt(1.0 - share) * 16)
        box = (max(x - half, 0), max(y - half, 0), min(x + half, 16), min(y + half, 16))
        kept = 1.0 - (box[2] - box[0]) * (box[3] - box[1]) / 256
        cutmix = v2.CutMix(num_classes=3)
        parameters = {"labels": labels, "batch_size": 3, "box": box, "lam_adjusted": kept}
        boxes.append({"share": share, "x": x, "y": y, "box": box, "kept": kept,
                      "images": floats(cutmix.transform(batch, parameters)),
                      "labels": floats(cutmix.transform(labels, parameters))})
    erased = v2.functional.erase(batch[0], 3, 5, 6, 9, torch.zeros(1, 1, 1))
    return {"batch": floats(batch), "mixup": cases, "cutmix": boxes,
            "erased": {"box": [5, 3, 9, 6], "pixels": floats(erased)}}


def draws():
    """Means over torchvision's own samplers: what a sampler of ours must come near to."""
    torch.manual_seed(0)
    image = torch.zeros(3, 375, 500)
    crops = []
    for scale, ratio in [((0.08, 1.0), (0.75, 4 / 3)), ((0.2, 1.0), (0.75, 1.33)), ((0.9, 1.0), (0.75, 1.33))]:
        boxes = [transforms.RandomResizedCrop.get_params(image, scale, ratio) for _ in range(20000)]
        area = torch.tensor([h * w / (375 * 500) for _, _, h, w in boxes])
        aspect = torch.tensor([math.log(w / h) for _, _, h, w in boxes])
        left = torch.tensor([x / max(500 - w, 1) for _, x, _, w in boxes])
        crops.append({"scale": scale, "ratio": ratio, "area": area.mean().item(), "areaStd": area.std().item(),
                      "logRatio": aspect.mean().item(), "logRatioStd": aspect.std().item(),
                      "left": left.mean().item()})
    betas = []
    for alpha in [0.1, 0.5, 0.8, 1.0, 2.0, 5.0]:
        values = torch.distributions.Beta(alpha, alpha).sample((200000,)).double()
        betas.append({"alpha": alpha, "std": values.std().item(),
                      "belowTenth": (values < 0.1).double().mean().item(),
                      "belowQuarter": (values < 0.25).double().mean().item()})
    return {"crops": crops, "betas": betas}


def main():
    golden = {
        "side": SIDE, "width": WIDTH, "height": HEIGHT, "mean": MEAN, "std": STD,
        "squares": {"1": text(photo(SIDE, SIDE, "L").tobytes()), "3": text(photo(SIDE, SIDE, "RGB").tobytes())},
        "sources": {"1": text(photo(WIDTH, HEIGHT, "L").tobytes()), "3": text(photo(WIDTH, HEIGHT, "RGB").tobytes())},
        "operations": operations(), "tones": tones(), "resizes": resizes(), "views": views(), "pipeline": pipeline(),
        "mixing": mixing(), "draws": draws(),
    }
    (GOLDEN / "augment.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
