#!/usr/bin/env python3
"""Golden hashtags: what twitter-text finds in captions.

Needs a virtual environment with regex and twitter-text-parser. The pattern is that of twitter-text 3.1 (regexp/validHashtag.js,
hashtagBoundary.js, hashtagSpecialChars.js), web addresses are twitter-text-parser's. Writes hashtags.json into
Tests/MawsDataTests/Golden; where `ours` stands beside `twitter`, our rule is another one on purpose.
"""
import json
import pathlib
import unicodedata

import regex
from twitter_text import extract_urls_with_indices

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsDataTests/Golden/hashtags.json"
SPECIAL = "_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"
ALPHA, WORD = r"[\p{L}\p{M}]", rf"[\p{{L}}\p{{M}}\p{{Nd}}{SPECIAL}]"
HASHTAG = regex.compile(
    rf"(?:^|\ufe0e|\ufe0f|(?<=(?!{WORD}|&).))([#＃])(?!\ufe0f|\u20e3)({WORD}*{ALPHA}{WORD}*)", regex.DOTALL)
INVALID_END = regex.compile(r"^(?:[#＃]|://)")

CAPTIONS = [
    "", "no tags", "#dog", "a #dog", "#dog #cat", "＃dog", "a ＃Dog, a #CAT.", "#Dog #dog #DOG", "##dog", "#", "# dog",
    "#1", "#2024", "#1st", "#covid19", "#a1", "#_", "#_dog", "#dog_", "#golden_retriever", "#dog's", "#dog’s", "#t-shirt",
    "#dog.", "#dog,#cat", "#dog/#cat", "(#dog)", "[#dog]", "«#dog»", "\"#dog\"", "'#dog'", "…#dog", "-#dog", "_#dog", ".#dog",
    "item#dog", "C#", "C# and F#", "F#minor", "abc1#dog", "日本#タグ", "日本 #タグ", "、#タグ。", "#タグ、#犬", "#日本語", "#日本語タグ_1",
    "#スター・ウォーズ", "#ー", "#々", "#한국어", "#강아지 #고양이", "#привет", "#été", "#e\u0301te\u0301", "#ÅNGSTRÖM", "#straße",
    "#col·lecció", "#l·l", "a·#b", "#می\u200cخواهم", "#عربي", "#كلب_جميل", "#ضَفَائِر", "#עברית", "#צה״ל", "#צה\u05f4ל", "#ภาษาไทย",
    "#น้ำ", "#हिन्दी", "#क्\u200dष", "#বাংলা", "#தமிழ்", "#བོད་སྐད", "#ქართული", "#Ἑλληνικά", "#dog🐶", "🐶#dog", "🐶 #dog", "#🐶", "#🐶dog", "#️⃣",
    "#️⃣dog", "1️⃣#dog", "#dog❤️#cat", "❤️#dog", "#👩‍👩‍👧", "#🇫🇷", "https://example.org/page#section", "https://example.org/#section",
    "https://example.org/#section #dog", "see https://example.org/page#section and #dog", "http://example.org/a?b=#c",
    "www.example.org/#section", "example.org/#section", "example.org/a#b", "#dog https://example.org", "#dog:https://example.org/#x",
    "https://example.org/a,#dog", "(https://example.org/#x)", "#dog://x", "It&#39;s here", "&#39;", "&#x27;s", "&#dog", "&amp;#dog", "a & #dog",
    "R&#38;B", "line\n#dog", "line\r\n#dog\t#cat", "a\u00a0#dog", "a\u3000#犬\u3000b", "a\u200b#dog", "#dog\u200bcat", "#dog!", "#dog?#cat", "#dog;",
    "#dog&cat", "#dog@home", "@home#dog", "@home #dog", "user@example.org#dog", "$#dog", "%#dog", "+#dog", "=#dog", "*#dog*", "~#dog~", "|#dog|",
    "price #1 #2nd", "#ff8800", "#x²", "#½dog", "#Ⅷ", "#①dog", "#Ｆｕｌｌ", "#ﬁsh", "#ŀl", "#dog\u0000cat", "<b>#dog</b>", "#dog#cat", "#ootd#style#fashion",
    "item#dog#cat", "#1#dog", "＃dog＃cat", "#dog #", "#dog ##", "＃", "﹟dog", "#dog·", "#·dog", "#dog・", "#dog\u200d", "#dog\ufe0f",
]
# Instagram's tags in a row, UAX 31's small sign, keycaps as emoji, and signs that stand between letters only.
OURS = {
    "#dog#cat": ["dog", "cat"], "#ootd#style#fashion": ["ootd", "style", "fashion"], "＃dog＃cat": ["dog", "cat"],
    "1️⃣#dog": ["dog"], "﹟dog": ["dog"], "#dog·": ["dog"], "#·dog": [], "#dog・": ["dog"], "#dog\u200d": ["dog"], "#dog\ufe0f": ["dog"],
}


def twitter(text):
    """Tags as twitter-text extracts them: matches that no web address overlaps, and that no sign follows."""
    addresses = [item["indices"] for item in extract_urls_with_indices(text)]
    found = []
    for match in HASHTAG.finditer(text):
        start, end = match.start(1), match.end(2)
        overlaps = any(first < end and start < last for first, last in addresses)
        if not overlaps and not INVALID_END.match(text[end:]):
            found.append(match.group(2))
    return found


def normalized(tags):
    """As HashtagText.normalized spells them, each once."""
    return list(dict.fromkeys(unicodedata.normalize("NFKC", tag).lower() for tag in tags))


def main():
    cases = []
    for caption in CAPTIONS:
        case = {"caption": caption, "twitter": normalized(twitter(caption))}
        if caption in OURS:
            case["ours"] = OURS[caption]
        cases.append(json.dumps(case))
    GOLDEN.write_text("[\n" + ",\n".join(cases) + "\n]\n")


if __name__ == "__main__":
    main()
