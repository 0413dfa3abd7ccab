#!/usr/bin/env python3
"""Golden synsets: what WordNet's own `wn` (Debian package wordnet) says is the first noun sense of some words.

Writes wordnet.json into Tests/MawsDataToolsTests/Golden: word, number of the synset, its first word.
"""
import json
import pathlib
import re
import subprocess

GOLDEN = pathlib.Path(__file__).parent.parent / "Tests/MawsDataToolsTests/Golden"
# Singulars, regular plurals of every ending, irregular plurals, collocations, names, words that are verbs first.
WORDS = """
dog dogs cat cats goose geese mouse mice child children woman women fireman firemen wolf wolves leaf leaves knife knives
box boxes dish dishes church churches buzz bus buses quiz quizzes city cities berry berries puppy puppies baby babies
tomato tomatoes photo photos piano pianos cactus cacti alga algae index indices ox oxen foot feet tooth teeth
trousers jeans glasses sunglasses shorts pants slacks pajamas clothes scissors
sneaker sneakers trainer trainers sandal sandals boot boots shoe shoes dress dresses coat coats jacket jackets bag bags
shirt shirts blouse pullover sweater jumper jersey gown frock handbag purse style fashion outfit love
golden_retriever golden_retrievers ice_cream hot_dog hot_dogs brown_bear ursus_arctos swimming_pool attorney_general
mother-in-law mothers-in-law passer-by new_york sofa couch lounge paris eiffel_tower
sunset beach mountain mountains river lake forest sky cloud clouds sun moon star stars sea ocean wave waves
run walk swim smile jump fishing hiking running painting reading building
crane bank bat jaguar apple orange mercury seal spring
""".split()


def first_sense(word):
    """Offset and first word of the first sense of the first form of the word that is a noun."""
    text = subprocess.run(["wn", word, "-synsn", "-o", "-n1"], capture_output=True, text=True).stdout
    found = re.search(r"^\{(\d{8})\} (.*)$", text, re.MULTILINE)
    return (int(found[1]), found[2].split(",")[0].strip()) if found else None


def main():
    cases = []
    for word in WORDS:
        sense = first_sense(word)
        cases.append({"word": word, "synset": sense and sense[0], "first": sense and sense[1]})
    (GOLDEN / "wordnet.json").write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
