#!/usr/bin/env python3
"""Golden perceptual hashes: the median of the 8 x 8 lowest frequencies of a 32 x 32 grey image, by Pillow and numpy.

Needs numpy and Pillow. Writes phash.json into Tests/MawsDataToolsTests/Golden: PNG files in base64 and their hashes, then
for each a scaled and a recompressed version of it (JPEG, quality 60).
"""
import base64
import io
import json
import pathlib

import numpy
from PIL import Image

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsDataToolsTests/Golden"


def phash(image):
    """As imagehash's phash, with bicubic resizing."""
    pixels = numpy.asarray(image.convert("L").resize((32, 32), Image.BICUBIC), dtype=numpy.float64)
    angles = numpy.pi * (2 * numpy.arange(32)[None, :] + 1) * numpy.arange(32)[:, None] / 64
    low = (numpy.cos(angles) @ pixels @ numpy.cos(angles).T)[:8, :8]
    bits = (low > numpy.median(low)).flatten()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def picture(seed, width, height):
    """A few soft blobs of colour, so that no coefficient is near the median by chance alone."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    pixels = numpy.zeros((height, width, 3))
    for _ in range(7):
        centre = random.uniform(0, 1, 2) * (height, width)
        spread = random.uniform(0.05, 0.3) * min(width, height)
        blob = numpy.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * spread**2))
        pixels += blob[..., None] * random.uniform(0, 255, 3)
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def encoded(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def main():
    cases = []
    for seed, (width, height) in enumerate([(64, 48), (40, 90), (32, 32), (100, 100), (51, 37), (80, 60)]):
        image = picture(seed, width, height)
        changed = encoded(image.resize((width * 3 // 4, height * 3 // 4), Image.LANCZOS), format="JPEG", quality=60)
        cases.append({
            "image": base64.b64encode(encoded(image, format="PNG", optimize=True)).decode(), "hash": str(phash(image)),
            "changed": base64.b64encode(changed).decode(),
        })
    (GOLDEN / "phash.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
