#!/usr/bin/env python3
"""Golden token ids: a small SentencePiece model and what transformers' XLMRobertaTokenizer makes of some captions.

Needs a virtual environment with sentencepiece, protobuf and transformers. Writes tokenizer.model into
Tests/MawsDataTestSupport/Golden and tokenizer.json into Tests/MawsDataTests/Golden.
"""
import json
import pathlib
import re
import shutil
import tempfile

import sentencepiece
from transformers import XLMRobertaTokenizer

TESTS = pathlib.Path(__file__).parent.parent / "Tests"
# The paper's 100 tokens (Appendix A) between <s> and </s>.
CONTEXT = 102
TRAINING = [
    "my new dress for the weekend",
    "in love with my sneakers",
    "just got the t-shirt on sale",
    "wearing my favourite jumper today",
    "été à la plage avec ma robe",
    "東京で新しい靴を買いました",
    "новое платье на выходные",
    "this 👗 is great 👍",
]
CAPTIONS = [
    "my new dress for the weekend #dress #ootd",
    "in love with my sneakers",
    "",
    "   ",
    "#",
    "#ootd#style ##fashion",
    "  tabs\tand\nnew lines \r\n and\u00a0no-break  spaces\u3000here ",
    "control\u0000characters\u0007 and\u007f more\u0085",
    "été e\u0301te\u0301 Å A\u030a",
    "this 👗👗🏽 👩‍👩‍👧 is 🇫🇷 great 👍",
    "東京で新しい靴を買いました。全角ＡＢＣ１２３",
    "новое платье на выходные",
    "ﬁne ﬂowers ½ ℃ ①",
    "ضفائر שלום ภาษาไทย",
    "unknownzzzqqq &%$ <b> [x]",
    "wearing my favourite jumper today " * 20,
    "👗" * 60,
    "👩🏽‍🚀 🏳️‍🌈 ❤️ ☺︎ 1️⃣ 👨‍👩‍👧‍👦 🇯🇵🇫🇷",
    "zero\u200bwidth\u200cjoiners\u200dand\u2060marks \ufeffin text",
    "right \u200fto\u202e left \u202cand back",
    "Z̷̢̧͉a̴̡l̵͍g̶̨o̸͎ e\u0301\u0323 \u1100\u1161\u11a8 각",
    "日本語と中文和한국어 mixed with English和数字123",
    "ｈａｌｆ ﾊﾝｶｸ ガ ㌔ ㍿ Ⅷ ²³ ™",
    "नमस्ते दुनिया வணக்கம் ສະບາຍດີ မင်္ဂလာပါ",
    "soft\u00adhyphen non\u2011breaking – — ― … ‘quotes’ “double”",
    "private \ue000 unassigned \U000e0fff astral 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟙𝟚",
    "▁under▁score ▁ ▁▁ piece marks",
    "line\u2028separator\u2029paragraph\u000bvertical\u000cform\u001funit",
    "supercalifragilisticexpialidocious" * 30,
    "a " * 5000,
    "東京" * 4000,
    "été 👗 дом 靴 " * 700,
    "\u0301starts with a mark",
    "tag#in#middle #été #東京 ＃full",
]


def sanitized(text):
    """The caption as Sources/MawsData/Text/CaptionText.swift cleans it."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", re.sub("[#＃]", "", text)).strip()


def main():
    with tempfile.TemporaryDirectory() as folder:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TRAINING * 20), model_prefix=f"{folder}/sentencepiece.bpe", vocab_size=300,
            hard_vocab_limit=False, model_type="unigram", num_threads=1, minloglevel=2)
        shutil.copy(f"{folder}/sentencepiece.bpe.model", TESTS / "MawsDataTestSupport/Golden/tokenizer.model")
        tokenizer = XLMRobertaTokenizer.from_pretrained(folder)
        cases = [
            {
                "caption": caption,
                "ids": tokenizer(
                    sanitized(caption), max_length=CONTEXT, truncation=True, padding="max_length")["input_ids"],
            }
            for caption in CAPTIONS
        ]
        lines = ",\n".join(json.dumps(case) for case in cases)
    head = f'{{"context": {CONTEXT}, "vocabularySize": {len(tokenizer)}, "cases": [\n'
    (TESTS / "MawsDataTests/Golden/tokenizer.json").write_text(head + lines + "\n]}\n")


if __name__ == "__main__":
    main()
