#!/usr/bin/env python3
"""Golden images of the kinds that are found in the world: PNG files of every colour type, depth and colour note, JPEG files
as phones and cameras write them, WebP animations, and every way to say an orientation.

Needs a virtual environment with Pillow, and `cjpeg` (Debian's libjpeg-turbo-progs). Writes image-kinds.json (files, and pixels as
Pillow shows them, in base64) into Tests/MawsDataTestSupport/Golden.
"""
import base64
import io
import json
import math
import pathlib
import random
import struct
import subprocess
import warnings
import zlib

from PIL import Image, ImageOps

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsDataTestSupport/Golden"
XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
DEPTHS = {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
COLOURS = 13


def text(data):
    return base64.b64encode(data).decode()


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo(width, height):
    image = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            image.putpixel((x, y), (int(127.5 + 127.5 * math.sin(x / 5 + y / 9)), (x * 7 + y * 3) % 256, 255 if (x // 6 + y // 5) % 2 else 20))
    return image


def shown(data, upright=False):
    """The image as Pillow shows it. Of 16-bit grey, which Pillow's convert() cuts off at 255, the high byte, as OpenCV has it and as
    Pillow itself reads 16-bit colour."""
    image = Image.open(io.BytesIO(data))
    if upright:
        image = ImageOps.exif_transpose(image)
    if image.mode == "I;16":
        image = Image.frombytes("L", image.size, image.tobytes()[1::2])
    return image


def entry(name, data, upright=False):
    """None, and a word, for what Pillow refuses: that may be refused by us as well, or be read."""
    try:
        image = shown(data, upright)
        image.load()
    except Exception as error:
        print(f"Pillow refuses '{name}': {error!r}")
        return None
    return {"name": name, "width": image.width, "height": image.height, "file": text(data),
            "rgb": text(image.convert("RGB").tobytes()), "grey": text(image.convert("L").tobytes())}


# PNG

def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_row(bits, colour, width):
    limit = min(1 << bits, COLOURS) if colour == 3 else 1 << bits
    digits = "".join(f"{random.randrange(limit):0{bits}b}" for _ in range(width * CHANNELS[colour]))
    digits += "0" * (-len(digits) % 8)
    return bytes([random.randrange(5)]) + bytes(int(digits[i:i + 8], 2) for i in range(0, len(digits), 8))


def png_rows(bits, colour, width, height, interlaced):
    passes = [(0, 0, 1, 1)] if not interlaced else [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, across, down in passes:
        columns, lines = (width - x + across - 1) // across, (height - y + down - 1) // down
        if columns > 0:
            rows += b"".join(png_row(bits, colour, columns) for _ in range(lines))
    return rows


def png(bits, colour, size=(13, 9), interlaced=False, notes=(), after=(), transparent=False, idat=None):
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, int(interlaced)))
    data += b"".join(chunk(*note) for note in notes)
    if colour == 3:
        data += chunk(b"PLTE", bytes(random.randrange(256) for _ in range(3 * min(1 << bits, COLOURS))))
    if transparent and colour in (0, 2, 3):
        data += chunk(b"tRNS", {0: b"\0\1", 2: b"\0\1\0\2\0\3", 3: b"\0\x80"}[colour])
    data += chunk(b"IDAT", idat or zlib.compress(png_rows(bits, colour, *size, interlaced), 9))
    return data + b"".join(chunk(*note) for note in after) + chunk(b"IEND", b"")


def pngs():
    notes = {
        "gamma 1": (b"gAMA", struct.pack(">I", 100000)), "gamma 0.22727": (b"gAMA", struct.pack(">I", 22727)), "sRGB": (b"sRGB", b"\0"),
        "chromaticities": (b"cHRM", struct.pack(">8I", 31270, 32900, 70000, 30000, 17000, 79700, 13100, 4600)),
        "a profile that is none": (b"iCCP", b"x\0\0" + zlib.compress(b"no profile")),
    }
    for colour, depths in DEPTHS.items():
        for bits in depths:
            for interlaced in (False, True):
                name = f"png of type {colour}, {bits} bits{', interlaced' if interlaced else ''}"
                yield entry(name, png(bits, colour, interlaced=interlaced, transparent=interlaced))
    for name, note in notes.items():
        for bits, colour in ((8, 2), (8, 0), (16, 2), (4, 3)):
            yield entry(f"png with {name}, type {colour}, {bits} bits", png(bits, colour, notes=[note]))
    damaged = bytearray(png(8, 2))
    at = damaged.index(b"IDAT")
    damaged[at + 4 + struct.unpack(">I", damaged[at - 4:at])[0]] ^= 1
    yield entry("png with a wrong checksum of its pixels' chunk", bytes(damaged))
    yield entry("png without its end", png(8, 2)[:-12])
    yield entry("png with bytes behind its end", png(8, 2) + b"more")
    yield entry("png with a private chunk", png(8, 2, notes=[(b"prVt", b"x")]))


# JPEG

def cjpeg(options):
    source = encoded(photo(37, 29), "PPM")
    return subprocess.run(["cjpeg", "-quality", "80", *options.split()], input=source, capture_output=True, check=True).stdout


def with_bytes(data, position, value):
    return data[:position] + value + data[position + len(value):]


def jpegs():
    image = photo(37, 29)
    plain = encoded(image, "JPEG", quality=85)
    scan = plain.rindex(b"\xff\xda")
    parameters = scan + 2 + struct.unpack(">H", plain[scan + 2:scan + 4])[0] - 3
    for name, options in {
        "4:4:0": "-sample 1x2", "4:1:1": "-sample 4x1", "4:1:0": "-sample 4x2", "coarse luma": "-sample 1x1,2x2,1x1",
        "3 x 1": "-sample 3x1", "mixed": "-sample 2x2,1x2,2x1", "arithmetic": "-arithmetic", "progressive arithmetic": "-arithmetic -progressive",
        "restarts": "-restart 2B", "progressive restarts": "-progressive -restart 1", "stored as RGB": "-rgb",
    }.items():
        yield entry(f"jpeg: {name}", cjpeg(options))
    yield entry("jpeg: scan parameters of zero", with_bytes(plain, parameters, bytes(3)))
    yield entry("jpeg: bytes behind the end", plain + b"trailer" * 40)
    yield entry("jpeg: another picture behind the end", plain + encoded(image.resize((8, 8)), "JPEG"))
    yield entry("jpeg: two pictures (MPF)", encoded(image, "MPO", save_all=True, append_images=[image.rotate(180)], quality=85))
    yield entry("jpeg: no end mark", plain[:-2] + bytes(100))
    yield entry("jpeg: fill bytes before a marker", plain[:scan] + b"\xff\xff\xff" + plain[scan:])
    yield entry("jpeg: stray bytes before a marker", plain[:scan] + b"\0\0\0" + plain[scan:])
    damaged = bytearray(plain)
    random.seed(7)
    for position in random.sample(range(scan + 20, len(plain) - 40), 3):
        damaged[position] = random.randrange(255)
    yield entry("jpeg: wrong bits in the pixels", bytes(damaged))
    end = plain[:scan + 200] + b"\xff\xd9"
    yield entry("jpeg: an end mark too early", end + plain[scan + 200:])
    adobe = encoded(image.convert("CMYK"), "JPEG", quality=85)
    yield entry("jpeg: inks", adobe)
    marker = adobe.index(b"Adobe")
    for transform in (1, 2, 3):
        yield entry(f"jpeg: inks of transform {transform}", with_bytes(adobe, marker + 11, bytes([transform])))
    yield entry("jpeg: inks without Adobe's marker", adobe[:marker - 4] + adobe[marker + 12:])
    for transform in (0, 1, 2):
        segment = b"\xff\xee" + struct.pack(">H", 14) + b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform)
        yield entry(f"jpeg: colours of transform {transform}", plain[:2] + segment + plain[2:])


# WebP

def webps():
    image, other = photo(37, 29), photo(37, 29).transpose(Image.Transpose.ROTATE_180)
    clear = image.copy()
    clear.putalpha(Image.linear_gradient("L").resize(image.size))
    small = Image.new("RGBA", image.size)
    small.paste(clear.crop((4, 6, 20, 18)), (4, 6))
    for name, first, options in [
        ("lossy", image, {"quality": 80}), ("lossless", image, {"lossless": True}), ("with alpha", clear, {"quality": 80}),
        ("lossless with alpha", clear, {"lossless": True, "exact": True}),
    ]:
        yield entry(f"webp: {name}", encoded(first, "WEBP", **options))
        yield entry(f"webp: animated, {name}", encoded(first, "WEBP", save_all=True, append_images=[other, image], duration=50, **options))
    yield entry("webp: animated, a frame smaller than its canvas",
                encoded(small, "WEBP", save_all=True, append_images=[clear], duration=50, lossless=True, exact=True))


# Orientations

def tiff(orientation, kind=3, order="<", count=1, prefix=b"", before=()):
    """EXIF data whose tag 0x0112 is of a type: 3 SHORT, 4 LONG, 5 RATIONAL, 1 BYTE, 2 ASCII, 8 SSHORT, 9 SLONG, 11 FLOAT, 12 DOUBLE."""
    value = b"".join(struct.pack(order + {1: "B", 2: "c", 3: "H", 4: "L", 8: "h", 9: "l", 11: "f", 12: "d"}.get(kind, "LL"), *item)
                     for item in ([(orientation, 1)] if kind in (5, 10) else [(str(orientation).encode(),)] if kind == 2 else [(orientation,)]) * count)
    entries = list(before) + [(0x0112, kind, count, value)]
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "L", 8) + struct.pack(order + "H", len(entries))
    data, place = b"", 8 + 2 + 12 * len(entries) + 4
    for tag, code, number, content in entries:
        head += struct.pack(order + "HHL", tag, code, number)
        if len(content) <= 4:
            head += content.ljust(4, b"\0")
        else:
            head += struct.pack(order + "L", place + len(data))
            data += content
    return prefix + head + bytes(4) + data


def app1(jpeg, *payloads, before=b""):
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload for payload in payloads)
    return jpeg[:2] + before + segments + jpeg[2:]


def xmp(orientation, element=False):
    inner = f"<tiff:Orientation>{orientation}</tiff:Orientation>" if element else ""
    attribute = "" if element else f' tiff:Orientation="{orientation}"'
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description{attribute}>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>').encode()


def raw_profile(data):
    digits = data.hex()
    return ("\nexif\n%8d\n" % len(data) + "\n".join(digits[i:i + 72] for i in range(0, len(digits), 72)) + "\n").encode()


def riff(*chunks):
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_with(image, exif=None, xmp_packet=None, flags=None):
    still = encoded(image, "WEBP", lossless=True)
    size = struct.unpack("<I", still[16:20])[0]
    flags = (8 if exif else 0) | (4 if xmp_packet else 0) if flags is None else flags
    header = bytes([flags, 0, 0, 0]) + struct.pack("<I", image.width - 1)[:3] + struct.pack("<I", image.height - 1)[:3]
    extra = ([(b"EXIF", exif)] if exif else []) + ([(b"XMP ", xmp_packet)] if xmp_packet else [])
    return riff((b"VP8X", header), (still[12:16], still[20:20 + size]), *extra)


def orientations():
    image = photo(24, 16).resize((5, 3))
    jpeg = encoded(image, "JPEG", quality=90, subsampling=0)
    name = b"Exif\0\0"
    camera = (0x010F, 2, 9, b"A camera\0")
    made = {f"jpeg: value {value}": app1(jpeg, name + tiff(value)) for value in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 65535)}
    for order in "<>":
        for kind in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12):
            made[f"jpeg: type {kind}, {order}"] = app1(jpeg, name + tiff(6, kind, order))
        made[f"jpeg: two numbers, {order}"] = app1(jpeg, name + tiff(6, 3, order, count=2))
        made[f"jpeg: three numbers, {order}"] = app1(jpeg, name + tiff(6, 3, order, count=3))
        made[f"jpeg: no number, {order}"] = app1(jpeg, name + tiff(6, 3, order, count=0))
        made[f"jpeg: behind another entry, {order}"] = app1(jpeg, name + tiff(6, 3, order, before=[camera]))
    made |= {
        "jpeg: the name twice": app1(jpeg, name + tiff(6, prefix=name)),
        "jpeg: an entry twice": app1(jpeg, name + tiff(6, before=[(0x0112, 3, 1, struct.pack("<H", 8))])),
        "jpeg: an entry of an unknown type before": app1(jpeg, name + tiff(6, before=[(0x0112, 99, 1, b"\3\0")])),
        "jpeg: the directory is cut": app1(jpeg, name + tiff(6)[:12]),
        "jpeg: behind other segments": app1(jpeg, name + tiff(6), before=b"\xff\xe2\0\x08abcdef\xff\xfe\0\x04hi\xff\xff"),
        "jpeg: behind stray bytes": app1(jpeg, name + tiff(6), before=b"\xff\xfe\0\2\0\1\2"),
        "jpeg: in two segments": app1(jpeg, name + tiff(6)[:20], name + tiff(6)[20:]),
        "jpeg: in XMP": app1(jpeg, XMP_NAME + xmp(6)),
        "jpeg: in an element of XMP": app1(jpeg, XMP_NAME + xmp(8, element=True)),
        "jpeg: XMP of value 0": app1(jpeg, XMP_NAME + xmp(0)),
        "jpeg: XMP of value 12": app1(jpeg, XMP_NAME + xmp(22)),
        "jpeg: two packets of XMP": app1(jpeg, XMP_NAME + xmp(3), XMP_NAME + xmp(6)),
        "jpeg: EXIF before XMP": app1(jpeg, XMP_NAME + xmp(3), name + tiff(6)),
        "jpeg: EXIF of value 1 before XMP": app1(jpeg, XMP_NAME + xmp(3), name + tiff(1)),
        "jpeg: EXIF without an orientation, and XMP": app1(jpeg, XMP_NAME + xmp(3), name + tiff(6).replace(b"\x12\x01", b"\x13\x01", 1)),
        "jpeg: EXIF behind the pixels begin": jpeg[:-2] + app1(b"\xff\xd8", name + tiff(6))[2:] + jpeg[-2:],
    }
    compressed = zlib.compress
    for place in ("before", "after"):
        def noted(*notes):
            return png(8, 2, (5, 3), **({"notes": notes} if place == "before" else {"after": notes}))
        made |= {
            f"png: eXIf {place} the pixels": noted((b"eXIf", tiff(6))),
            f"png: eXIf with a name {place} the pixels": noted((b"eXIf", tiff(6, prefix=name))),
            f"png: XMP {place} the pixels": noted((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6))),
            f"png: XMP compressed {place} the pixels": noted((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + compressed(xmp(6)))),
            f"png: XMP in tEXt {place} the pixels": noted((b"tEXt", b"XML:com.adobe.xmp\0" + xmp(5))),
            f"png: XMP in zTXt {place} the pixels": noted((b"zTXt", b"XML:com.adobe.xmp\0\0" + compressed(xmp(7)))),
            f"png: ImageMagick's profile {place} the pixels": noted((b"zTXt", b"Raw profile type exif\0\0" + compressed(raw_profile(name + tiff(6))))),
            f"png: ImageMagick's plain profile {place} the pixels": noted((b"tEXt", b"Raw profile type exif\0" + raw_profile(name + tiff(8)))),
            f"png: eXIf and a profile {place} the pixels": noted(
                (b"eXIf", tiff(6)), (b"tEXt", b"Raw profile type exif\0" + raw_profile(name + tiff(8)))),
        }
    made |= {
        "webp: EXIF": webp_with(image, exif=tiff(6)), "webp: EXIF with a name": webp_with(image, exif=tiff(6, prefix=name)),
        "webp: EXIF, big endian": webp_with(image, exif=tiff(8, 4, ">")), "webp: XMP": webp_with(image, xmp_packet=xmp(6)),
        "webp: both": webp_with(image, exif=tiff(6), xmp_packet=xmp(3)), "webp: unannounced": webp_with(image, exif=tiff(6), flags=0),
    }
    return [entry(f"orientation, {key}", data, upright=True) for key, data in made.items()]


def large():
    """JPEG files of 203 x 147 pixels whose regions are decoded on their own."""
    source = encoded(photo(203, 147), "PPM")
    kinds = {"4:4:0": "-sample 1x2", "4:1:1": "-sample 4x1", "4:1:0": "-sample 4x2", "coarse luma": "-sample 1x1,2x2,1x1", "3 x 1": "-sample 3x1",
             "arithmetic": "-arithmetic"}
    return {name: text(subprocess.run(["cjpeg", "-quality", "60", *options.split()], input=source, capture_output=True, check=True).stdout)
            for name, options in kinds.items()}


def main():
    warnings.simplefilter("ignore")
    random.seed(3)
    files = [file for file in [*pngs(), *jpegs(), *webps(), *orientations()] if file]
    golden = {"files": files, "large": large(),
              "twelveBits": text(with_bytes(encoded(photo(8, 8), "JPEG"), encoded(photo(8, 8), "JPEG").index(b"\xff\xc0") + 4, b"\x0c")),
              "lossless": text(encoded(photo(8, 8), "JPEG").replace(b"\xff\xc0", b"\xff\xc3"))}
    (GOLDEN / "image-kinds.json").write_text(json.dumps(golden, indent=0) + "\n")
    print(len(files), "files")


if __name__ == "__main__":
    main()
