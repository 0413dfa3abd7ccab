#!/usr/bin/env python3
"""Renders a colour emoji font as weakly labelled images. Called by Scripts/make-emoji-dataset, which installs what it needs.

usage: render-emoji.py FOLDER

An image shows one emoji without skin tone, turned, scaled and moved a little on a pale ground: a JPEG of 136 pixels. Its
caption is CLDR's short name or a few of its keywords, its hashtags are CLDR's keywords, its class is the emoji's group in
Unicode's emoji-test.txt. A fifth of the emoji is kept for the test; no emoji is in both. Everything is drawn from the
emoji itself, so that the same packages give the same pixels.

Writes FOLDER/{train,test}.jsonl with the images beside them, and FOLDER/emoji-classes.txt, FOLDER/emoji-templates.txt.
"""
import hashlib
import json
import pathlib
import random
import re
import sys
import xml.etree.ElementTree as xml

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
# The only size of the font's bitmaps, and the side of what is drawn.
FONT_SIZE, SIDE = 109, 136
GROUPS = "/usr/share/unicode/emoji/emoji-test.txt"
NAMES = ["/usr/share/unicode/cldr/common/annotations/en.xml", "/usr/share/unicode/cldr/common/annotationsDerived/en.xml"]
TRAIN_IMAGES, TEST_IMAGES = 8, 2
TEMPLATES = ["a picture of {}", "an emoji of {}", "{}", "a small drawing of {}"]
# What each group shows, in words that captions have, the one that a report shows first; Unicode's names of the groups are words of no caption.
CLASSES = {
    "Smileys & Emotion": "a face, a smiling face, a cat face, a heart",
    "People & Body": "a person, a man, a woman, a boy, a girl, a family, a hand",
    "Animals & Nature": "a bird, an insect, a flower, a leaf, a pet, a fish, a plant",
    "Food & Drink": "food, a fruit, a drink, a vegetable, a dessert",
    "Travel & Places": "a building, a car, a train, a cloud, a moon, a mountain, a clock",
    "Activities": "a game, a ball, a celebration, a medal, a toy",
    "Objects": "a tool, clothing, a book, music, a computer, money, a bag",
    "Symbols": "an arrow, a square, a circle, a button, a zodiac sign, a keycap",
    "Flags": "a flag",
}


def groups():
    """Every fully qualified emoji without skin tone, and its group."""
    group, found = "", []
    for line in pathlib.Path(GROUPS).read_text().splitlines():
        if line.startswith("# group:"):
            group = line.split(":")[1].strip()
        match = re.match(r"([0-9A-F ]+?) *; fully-qualified", line)
        if match and group in CLASSES:
            text = "".join(chr(int(code, 16)) for code in match[1].split())
            if not re.search("[\U0001F3FB-\U0001F3FF]", text):
                found.append((text, group))
    return found


def annotations():
    """Short name and keywords by emoji; CLDR leaves the variation selector out."""
    names, keywords = {}, {}
    for path in NAMES:
        for entry in xml.parse(path).getroot().iter("annotation"):
            if entry.get("type") == "tts":
                names[entry.get("cp")] = entry.text
            else:
                keywords[entry.get("cp")] = [word.strip() for word in entry.text.split("|")]
    return names, keywords


def glyph(text, font):
    """The emoji on nothing; None where the font has no single picture for it."""
    if font.getlength(text) > 1.5 * SIDE:
        return None
    image = Image.new("RGBA", (SIDE, SIDE))
    ImageDraw.Draw(image).text((0, 4), text, font=font, embedded_color=True)
    return image if image.getbbox() else None


def photo(picture, chance):
    ground = tuple(chance.randint(190, 255) for _ in range(3))
    side = chance.randint(int(0.6 * SIDE), SIDE)
    turned = picture.rotate(chance.uniform(-20, 20), Image.Resampling.BICUBIC).resize((side, side))
    image = Image.new("RGB", (SIDE, SIDE), ground)
    image.paste(turned, (chance.randint(0, SIDE - side), chance.randint(0, SIDE - side)), turned)
    return image


def caption(name, keywords, chance):
    some = chance.sample(keywords, min(len(keywords), chance.randint(1, 3)))
    return chance.choice([name, f"{name} #{some[0].replace(' ', '')}", f"a picture of {name}", ", ".join(some)])


def main():
    folder = pathlib.Path(sys.argv[1])
    font = ImageFont.truetype(FONT, FONT_SIZE)
    names, keywords = annotations()
    classes = list(CLASSES)
    lists = {split: [] for split in ("train", "test")}
    for split in lists:
        (folder / split).mkdir(parents=True, exist_ok=True)
    for text, group in groups():
        plain = text.replace("\ufe0f", "")
        picture = glyph(text, font) if plain in names else None
        if picture is None:
            continue
        digest = hashlib.sha256(plain.encode()).hexdigest()
        split = "test" if int(digest[:8], 16) % 5 == 0 else "train"
        words = keywords.get(plain, [names[plain]])
        tags = list(filter(None, (re.sub(r"\W", "", word) for word in words)))
        for index in range(TEST_IMAGES if split == "test" else TRAIN_IMAGES):
            chance = random.Random(f"{plain} {index}")
            image = f"{split}/{'-'.join(f'{ord(character):x}' for character in plain)}-{index}.jpg"
            photo(picture, chance).save(folder / image, quality=92)
            lists[split].append({
                "image": image, "caption": caption(names[plain], words, chance),
                "hashtags": tags, "class": classes.index(group)})
    for split, rows in lists.items():
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")
        print(f"{len(rows)} images to {folder}/{split}")
    (folder / "emoji-classes.txt").write_text("".join(line + "\n" for line in CLASSES.values()))
    (folder / "emoji-templates.txt").write_text("".join(line + "\n" for line in TEMPLATES))


main()
