#!/usr/bin/env python3
"""Golden images: small JPEG, PNG and WebP files of every kind, with their pixels and resized crops as Pillow makes them.

Needs a virtual environment with Pillow. Writes images.json (files and pixels in base64) into
Tests/MawsImagesTests/Golden.
"""
import base64
import io
import json
import math
import pathlib
import struct
import zlib

from PIL import Image, ImageOps

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsImagesTests/Golden"
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
    """A 16-bit PNG and its 8-bit pixels: the high bytes, as Pillow and OpenCV take them of colour."""
    channels = 3 if color else 1
    values = [[(x * 1777 + y * 911 + c * 13001) % 65536 for x in range(WIDTH) for c in range(channels)]
              for y in range(HEIGHT)]
    rows = b"".join(b"\0" + struct.pack(f">{len(row)}H", *row) for row in values)

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2 if color else 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    pixels = bytes(value >> 8 for row in values for value in row)
    return data, Image.frombytes("RGB" if color else "L", (WIDTH, HEIGHT), pixels)


def entry(name, data, image=None):
    image = image or ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    return {
        "name": name, "width": image.width, "height": image.height, "file": text(data), "rgb": text(image.convert("RGB").tobytes()),
        "grey": text(image.convert("L").tobytes()),
    }


def text(data):
    return base64.b64encode(data).decode()


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def ycck():
    """The CMYK file with its Adobe marker saying that the colours are YCCK."""
    data = encoded(photo("RGB").convert("CMYK"), "JPEG", quality=90)
    marker = data.index(b"Adobe")
    return data[:marker + 11] + b"\2" + data[marker + 12:]


def oriented():
    """JPEG files of every orientation, and one of the other formats."""
    image = photo("RGB")
    return [entry(f"jpeg of orientation {value}", encoded(image, "JPEG", quality=85, exif=exif(value)))
            for value in range(1, 9)] + [
        entry("png of orientation 6", encoded(image, "PNG", exif=exif(6))),
        entry("webp of orientation 8", encoded(image, "WEBP", quality=80, exif=exif(8))),
    ]


def large():
    """Files whose regions are decoded on their own, of every subsampling."""
    image = photo("RGB").resize((203, 147), Image.Resampling.BICUBIC)
    kinds = {
        "4:4:4": {"subsampling": 0}, "4:2:2": {"subsampling": 1}, "4:2:0": {"subsampling": 2},
        "progressive": {"progressive": True}, "orientation 6": {"exif": exif(6)}, "restarts": {"restart_marker_rows": 1},
    }
    return {name: text(encoded(image, "JPEG", quality=70, **options)) for name, options in kinds.items()} | {
        "grey": text(encoded(image.convert("L"), "JPEG")), "cmyk": text(encoded(image.convert("CMYK"), "JPEG")),
    }


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
        entry("cmyk jpeg", encoded(photo("RGB").convert("CMYK"), "JPEG", quality=90)),
        entry("ycck jpeg", ycck()),
        entry("webp", encoded(photo("RGB"), "WEBP", quality=80)),
        entry("lossless webp", encoded(photo("RGB"), "WEBP", lossless=True)),
        entry("webp with alpha", encoded(photo("RGBA"), "WEBP", lossless=True, exact=True)),
    ] + oriented()


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
        "files": files(), "large": large(),
        "sources": {"1": text(photo("L").tobytes()), "3": text(photo("RGB").tobytes())}, "width": WIDTH,
        "height": HEIGHT, "resizes": resizes(),
    }
    (GOLDEN / "images.json").write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
