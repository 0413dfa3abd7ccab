#!/usr/bin/env python3
"""The golden values of MAE, WSP and LiT for towers of full size: ViT-B/16 at 224 px with the paper's decoder, and XLM-R
base (with a vocabulary of 8,000, so that the word table does not fill the memory).

usage: golden-full-size.py FOLDER. Needs what golden-mae-wsp.py and golden-lit.py need, 16 GiB and some minutes.
`Scripts/check-full-size` runs it and then the tests that compare with its files.
"""
import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    images = importlib.import_module("golden-mae-wsp")
    images.SIZE, images.PATCH = 224, 16
    images.WIDTH, images.DEPTH, images.HEADS = 768, 12, 12
    images.DECODER_WIDTH, images.DECODER_DEPTH, images.DECODER_HEADS = 512, 8, 16
    images.STD = 0.03
    images.masked_autoencoder(folder)
    images.weakly_supervised(folder)
    pairs = importlib.import_module("golden-lit")
    pairs.OUT = folder
    pairs.SAMPLES, pairs.CONTEXT, pairs.VOCABULARY, pairs.EMBEDDING = 4, 102, 8000, 512
    pairs.LENGTHS = [102, 40, 77, 5]
    pairs.SIZE, pairs.PATCH, pairs.WIDTH, pairs.DEPTH, pairs.HEADS, pairs.MLP = 224, 16, 768, 12, 12, 3072
    pairs.STD = 0.03
    pairs.lit()


main(pathlib.Path(sys.argv[1]))
