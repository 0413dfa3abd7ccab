#!/usr/bin/env python3
"""The peers of Scripts/bench-data, and the files that all of them read.

usage: peer-data.py make FOLDER COUNT       photograph-like JPEG files of 500 x 375 pixels in FOLDER/class, and a tar shard
       peer-data.py torchvision FOLDER SCALE SECONDS   images/s of an ImageFolder in a DataLoader with one worker
       peer-data.py webdataset FOLDER SCALE SECONDS    the same of the shard through the webdataset package
"""
import io
import pathlib
import sys
import tarfile
import time

import numpy
from PIL import Image

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HEIGHT, WIDTH, SOURCES = 375, 500, 8


def noise(seed):
    """Noise of twice an image's sides whose spectrum falls as a photograph's does: what photographs are cut from."""
    random = numpy.random.default_rng(seed)
    height, width = 2 * HEIGHT, 2 * WIDTH
    down, across = numpy.fft.fftfreq(height)[:, None], numpy.fft.rfftfreq(width)[None, :]
    falling = 1 / numpy.maximum(numpy.hypot(down, across), 1 / WIDTH) ** 1.1
    shared = random.normal(size=(height, width))
    planes = []
    for _ in range(3):
        spectrum = numpy.fft.rfft2(0.8 * shared + 0.3 * random.normal(size=(height, width))) * falling
        plane = numpy.fft.irfft2(spectrum, s=(height, width))
        planes.append(plane / plane.std())
    return (128 + 48 * numpy.stack(planes, -1)).astype(numpy.float32)


def photograph(seed, sources):
    """A part of a noise, mirrored or not, with a few smooth shapes in it."""
    random = numpy.random.default_rng(seed)
    top, left = random.integers(0, HEIGHT), random.integers(0, WIDTH)
    pixels = sources[seed % len(sources)][top:top + HEIGHT, left:left + WIDTH][:, ::random.choice((-1, 1))].copy()
    y, x = numpy.ogrid[:HEIGHT, :WIDTH]
    for _ in range(6):
        cy, cx, ry, rx = random.uniform(0, HEIGHT), random.uniform(0, WIDTH), *random.uniform(20, 120, 2)
        inside = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1
        pixels[inside] += random.uniform(-70, 70, 3).astype(numpy.float32)
    return Image.fromarray(numpy.clip(pixels, 0, 255).astype(numpy.uint8))


def make(folder, count):
    (folder / "class").mkdir(parents=True, exist_ok=True)
    sources = [noise(seed) for seed in range(SOURCES)]
    with tarfile.open(folder / "shard.part", "w") as shard:
        for index in range(count):
            out = io.BytesIO()
            photograph(index, sources).save(out, "JPEG", quality=87)
            (folder / "class" / f"{index:05}.jpg").write_bytes(out.getvalue())
            for name, data in ((f"{index:05}.jpg", out.getvalue()), (f"{index:05}.cls", b"0")):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                shard.addfile(member, io.BytesIO(data))
    (folder / "shard.part").rename(folder / "shard.tar")


def import_transforms():
    """torchvision's transforms. Its extension may be of another build than a torch for CPUs alone, and is not needed here."""
    import torch

    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision import transforms
    return transforms


def transform(scale):
    transforms = import_transforms()

    return transforms.Compose([
        transforms.RandomResizedCrop(224, scale=(scale, 1), interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(MEAN, STD),
    ])


def torchvision(folder, scale):
    from torch.utils.data import DataLoader

    change = transform(scale)
    from torchvision.datasets import ImageFolder
    return DataLoader(ImageFolder(folder, change), 64, shuffle=True, num_workers=1, drop_last=True, persistent_workers=True)


def webdataset(folder, scale):
    import webdataset
    from torch.utils.data import DataLoader

    change = transform(scale)
    data = webdataset.WebDataset(str(folder / "shard.tar"), shardshuffle=False, empty_check=False)
    data = data.shuffle(1000).decode("pil").to_tuple("jpg", "cls").map_tuple(change, int)
    return DataLoader(data.batched(64, partial=False), None, num_workers=1, persistent_workers=True)


def measure(loader, seconds):
    """Images a second, the first batches left out."""
    import torch

    torch.set_num_threads(1)
    images, start, batches = 0, None, 0
    while start is None or time.monotonic() - start < seconds:
        for batch, _ in loader:
            batches += 1
            if start is not None:
                images += len(batch)
                if time.monotonic() - start >= seconds:
                    break
            elif batches >= 5:
                start = time.monotonic()
    return images / (time.monotonic() - start)


def main():
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if command == "make":
        make(folder, int(sys.argv[3]))
        return
    loader = {"torchvision": torchvision, "webdataset": webdataset}[command]
    scale, seconds = float(sys.argv[3]), float(sys.argv[4])
    print(f"{measure(loader(folder, scale), seconds):.1f}")


if __name__ == "__main__":
    main()
