#!/usr/bin/env python3
"""Golden lists: files as pandas writes them and the rows that pandas reads of them.

Needs a virtual environment with pandas. Writes lists.json into Tests/MawsDataTests/Golden.
"""
import ast
import csv
import io
import json
import pathlib
import re

import numpy
import pandas

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsDataTests/Golden/lists.json"
CAPTIONS = ["a dog, brown", 'says "wow" #dog', "two\nlines\r\nhere", "été 👗 ; tab\there", None, " blanks ", "'single'", "5\" wide | tall"]
TAGS = [["dog", "beach"], [], None, ["golden retriever", "it's"], ['say "hi"'], ["été"], ["a", "b", "c"], None]
FRAME = pandas.DataFrame({
    "image": [f"im/{index}.jpg" for index in range(len(CAPTIONS))], "caption": CAPTIONS, "hashtags": TAGS,
    "class": ["dog", "cat", None, "dog", "golden retriever", "cat", "dog", "cat"], "width": range(8),
})
NUMBERS = FRAME.assign(**{"class": [0, 1, None, 3, 10, 2, 2, 1]})
OPEN_CLIP = FRAME[["image", "caption"]].rename(columns={"image": "filepath", "caption": "title"})
HUGGING_FACE = FRAME[["image", "caption", "class"]].rename(
    columns={"image": "file_name", "caption": "text", "class": "label"})
ROLES = {"filepath": "image", "file_name": "image", "title": "caption", "text": "caption", "label": "class"}


def arrays(frame):
    """Hashtags as numpy arrays, which print without commas."""
    return frame.assign(hashtags=[None if tags is None else numpy.array(tags, dtype=object) for tags in frame["hashtags"]])


def tags(value):
    """Hashtags of a cell: a list as Python or numpy prints it, or a list already."""
    if value is None or isinstance(value, float):
        return None
    if isinstance(value, list):
        return value
    if re.match(r"^\[.*\]$", value, re.DOTALL):
        return [ast.literal_eval(text) for text in re.findall(r"'[^']*'|\"[^\"]*\"", value)]
    return value.split()


def label(value):
    """The class of a cell: pandas makes whole numbers of a column with gaps fractions."""
    if value is None or value != value:
        return None
    return str(int(value)) if isinstance(value, (int, float)) else str(value)


def text(value):
    return None if value is None or value != value else value


def rows(frame):
    frame = frame.rename(columns=ROLES)
    found = []
    for row in frame.astype(object).to_dict("records"):
        found.append({
            "image": row["image"], "caption": text(row.get("caption")), "hashtags": tags(row.get("hashtags")),
            "class": label(row.get("class")),
        })
    return found


def delimited(name, frame, separator=",", encoding="utf-8", **options):
    data = frame.to_csv(sep=separator, **{"index": False, **options}).encode(encoding)
    return {"name": name, "bytes": list(data), "rows": rows(pandas.read_csv(io.BytesIO(data), sep=separator))}


def spaced():
    """Blanks behind the commas, as people write."""
    data = 'image, caption, class\nim/0.jpg, a dog, dog\nim/1.jpg, "a dog, brown", cat\nim/2.jpg, ,\n'.encode()
    return {"name": "spaced.csv", "bytes": list(data), "rows": rows(pandas.read_csv(io.BytesIO(data), skipinitialspace=True))}


def lines(name, frame, **options):
    data = frame.to_json(orient="records", lines=True, **options)
    found = pandas.read_json(io.StringIO(data), lines=True, dtype=False)
    return {"name": name, "bytes": list(data.encode()), "rows": rows(found)}


def main():
    cases = [
        delimited("plain.csv", FRAME), delimited("UPPER.CSV", FRAME), delimited("tabs.tsv", FRAME, "\t"),
        delimited("tabs.csv", OPEN_CLIP, "\t"), delimited("semicolons.csv", FRAME, ";"), delimited("bars.csv", FRAME, "|"),
        delimited("windows.csv", FRAME, encoding="utf-8-sig", lineterminator="\r\n"),
        delimited("mac.csv", FRAME, lineterminator="\r"), delimited("index.csv", FRAME, index=True),
        delimited("all-quoted.csv", FRAME, quoting=csv.QUOTE_ALL), delimited("numbers.csv", NUMBERS),
        delimited("nan.csv", FRAME, na_rep="nan"), delimited("arrays.csv", arrays(FRAME)),
        delimited("hugging-face.csv", HUGGING_FACE), spaced(),
        lines("lines.jsonl", FRAME), lines("unicode.jsonl", FRAME, force_ascii=False), lines("numbers.jsonl", NUMBERS),
        lines("hugging-face.jsonl", HUGGING_FACE),
    ]
    GOLDEN.write_text("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
