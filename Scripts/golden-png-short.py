#!/usr/bin/env python3
"""Writes Tests/MawsImagesTests/Golden/png-short.json: PNG files whose compressed pixels are fewer than the header says, or
lack their checksum, with what Pillow shows of them. Needs Pillow. Usage: golden-png-short.py OUTPUT"""
import base64
import io
import json
import struct
import sys
import zlib

from PIL import Image

SIZE = (13, 9)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def rows_of(mode):
    """The rows with their filters, as an encoder writes them, and their header and palette."""
    image = Image.new("RGB", SIZE)
    image.putdata([(x * 19 % 256, y * 27 % 256, (x * y * 7) % 256) for y in range(SIZE[1]) for x in range(SIZE[0])])
    buffer = io.BytesIO()
    (image.quantize(16) if mode == "P" else image.convert(mode)).save(buffer, "PNG")
    chunks, place, data = [], 8, buffer.getvalue()
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    head = b"".join(chunk(*c) for c in chunks if c[0] in (b"IHDR", b"PLTE"))
    return head, zlib.decompress(b"".join(c[1] for c in chunks if c[0] == b"IDAT"))


def main():
    files = []
    for mode in ("RGB", "L", "P", "RGBA"):
        head, rows = rows_of(mode)
        width = len(rows) // SIZE[1]
        whole = zlib.compress(rows)
        streams = {
            "half": zlib.compress(rows[: width * 4]),
            "within a row": zlib.compress(rows[: width * 4 + 5]),
            "no checksum": whole[:-4],
            "whole": whole,
            "cut": whole[: len(whole) // 2],
            "wrong checksum": whole[:-4] + b"abcd",
        }
        for name, stream in streams.items():
            data = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", stream) + chunk(b"IEND", b"")
            try:
                image = Image.open(io.BytesIO(data))
                image.load()
                shown = base64.b64encode(image.convert("RGB").tobytes()).decode()
            except Exception:  # Pillow has several kinds of errors for what it does not read.
                shown = None
            files.append({"name": f"{mode}, {name}", "file": base64.b64encode(data).decode(), "rgb": shown})
    with open(sys.argv[1], "w") as out:
        json.dump(files, out, indent=1)


main()
