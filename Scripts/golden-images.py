#!/usr/bin/env python3
"""Golden images: small PNG and JPEG files of every kind, with their pixels and resized crops as Pillow makes them.

Needs a virtual environment with Pillow. Writes images.json (files and pixels in base64) into
Tests/MawsDataTests/Golden.
"""
import base64
import io
import json
import math
import pathlib
import struct
import zlib

from PIL import Image

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsDataTests/Golden"
WIDTH, HEIGHT = 37, 29


def photo(mode):
    """Smooth colours with some hard edges."""
    image = Image.new("RGBA", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            red = int(127.5 + 127.5 * math.sin(x / 5 + y / 9))
            green = (x * 7 + y * 3) % 256
            blue = 255 if (x // 6 + y // 5) % 2 else 20
            image.putpixel((x, y), (red, green, blue, (x * y) % 256))
    return image.convert(mode)


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png16(color):
    """A 16-bit PNG and its 8-bit pixels, rounded."""
    channels = 3 if color else 1
    values = [[(x * 1777 + y * 911 + c * 13001) % 65536 for x in range(WIDTH) for c in range(channels)]
              for y in range(HEIGHT)]
    rows = b"".join(b"\0" + struct.pack(f">{len(row)}H", *row) for row in values)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2 if color else 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    pixels = bytes((value + 128) // 257 for row in values for value in row)
    return data, Image.frombytes("RGB" if color else "L", (WIDTH, HEIGHT), pixels)


def entry(name, data, image=None):
    image = image or Image.open(io.BytesIO(data))
    return {
        "name": name, "width": WIDTH, "height": HEIGHT, "file": text(data), "rgb": text(image.convert("RGB").tobytes()),
        "grey": text(image.convert("L").tobytes()),
    }


def text(data):
    return base64.b64encode(data).decode()


def files():
    palette = photo("RGB").quantize(17)
    transparent = palette.copy()
    transparent.info["transparency"] = 3
    return [
        entry("grey png", encoded(photo("L"), "PNG")),
        entry("grey png with alpha", encoded(photo("LA"), "PNG")),
        entry("one-bit png", encoded(photo("L").convert("1"), "PNG")),
        entry("rgb png", encoded(photo("RGB"), "PNG")),
        entry("rgba png", encoded(photo("RGBA"), "PNG")),
        entry("palette png", encoded(palette, "PNG")),
        entry("palette png with transparency", encoded(transparent, "PNG", transparency=3)),
        entry("16-bit grey png", *png16(color=False)),
        entry("16-bit rgb png", *png16(color=True)),
        entry("rgb jpeg", encoded(photo("RGB"), "JPEG", quality=90)),
        entry("rgb jpeg without subsampling", encoded(photo("RGB"), "JPEG", quality=80, subsampling=0)),
        entry("progressive jpeg", encoded(photo("RGB"), "JPEG", progressive=True)),
        entry("grey jpeg", encoded(photo("L"), "JPEG")),
    ]


def resizes():
    cases = []
    for mode in ["L", "RGB"]:
        source = photo(mode)
        for box, size in [
            ((0, 0, 37, 29), (28, 28)), ((3, 2, 31, 27), (28, 28)), ((0, 0, 37, 29), (7, 5)), ((10, 10, 13, 12), (28, 28)),
            ((36, 28, 37, 29), (8, 8)), ((0, 5, 37, 6), (16, 16)), ((4, 0, 32, 28), (28, 28)), ((0, 0, 37, 29), (64, 64)),
            ((1, 1, 29, 20), (28, 28)), ((2, 0, 20, 28), (28, 28)),
        ]:
            result = source.crop(box).resize(size, Image.Resampling.BICUBIC)
            cases.append({
                "channels": 1 if mode == "L" else 3, "crop": [box[0], box[1], box[2] - box[0], box[3] - box[1]], "size": size,
                "pixels": text(result.tobytes()),
            })
    return cases


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    golden = {
        "files": files(), "cmyk": text(encoded(photo("RGB").convert("CMYK"), "JPEG")),
        "sources": {"1": text(photo("L").tobytes()), "3": text(photo("RGB").tobytes())}, "width": WIDTH,
        "height": HEIGHT, "resizes": resizes(),
    }
    (GOLDEN / "images.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
