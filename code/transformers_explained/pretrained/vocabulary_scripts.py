"""The three vocabularies as script files, for a page that cuts a text by itself.

A page that was opened from a disk may load a script and nothing else. So each
vocabulary is one script: a call with the compressed table as a text (gzip, base64). The
browser unpacks it by itself; `explore/tokenizers.js` reads what is in it:

- MiniLM: a token a line;
- SmolLM2: the file of the lessons, see `extract_smollm2`;
- multilingual-e5-small: four parts, each with its length before it (u32). The pieces
  are sorted, and each gives only what differs from the one before: the characters that
  both begin with are counted in the first part (u8; as JavaScript counts, where 𐐷 is
  two), the others stand in the second, a piece a line. The third part has the scores
  (f32), their first bytes first, then their second ones …; the fourth the characters
  that are replaced, each with what replaces it, between NULs.
"""

import argparse
import base64
import gzip
import json
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np

from transformers_explained.pretrained import load_tokenizer, load_whole_tokenizer
from transformers_explained.pretrained.loading import SMOLLM2_FILE
from transformers_explained.pretrained.quantized import uncompressed
from transformers_explained.tokenization import UnigramTokenizer

# Name -> where it comes from and its licence, in the first line of its script.
SOURCES = {
    "minilm": "all-MiniLM-L6-v2, by sentence-transformers. Apache License 2.0",
    "smollm2": "SmolLM2-135M-Instruct, by Hugging Face. Apache License 2.0",
    "e5": "multilingual-e5-small, (c) Microsoft Corporation. MIT License",
}
LICENCES = (
    "https://www.apache.org/licenses/LICENSE-2.0 https://opensource.org/license/mit"
)


def vocabulary_scripts() -> dict[str, str]:
    """The three scripts, by the name of their vocabulary."""
    tables = {
        "minilm": "\n".join(load_tokenizer("minilm").vocabulary).encode(),
        "smollm2": uncompressed(SMOLLM2_FILE),
        "e5": unigram_table(load_whole_tokenizer()),
    }
    scripts = {}
    for name, table in tables.items():
        packed = base64.b64encode(gzip.compress(table, 9, mtime=0)).decode()
        head = f"/*! The vocabulary of {SOURCES[name]}. {LICENCES} */"
        scripts[name] = f"{head}\ntokenVocabulary({json.dumps(name)}, {packed!r});\n"
    return scripts


def unigram_table(tokenizer: UnigramTokenizer) -> bytes:
    """The pieces, scores and normalization of a Unigram tokenizer."""
    scores = dict(zip(tokenizer.vocabulary, tokenizer.scores, strict=True))
    pieces = sorted(scores)
    shared = [_shared(first, second) for first, second in pairwise(["", *pieces])]
    rest = [piece[n:] for piece, n in zip(pieces, shared, strict=True)]
    counts = [_length(piece[:n]) for piece, n in zip(pieces, shared, strict=True)]
    numbers = np.array([scores[piece] for piece in pieces], dtype="<f4")
    planes = numbers.view(np.uint8).reshape(-1, 4).T.tobytes()
    replaced = [
        text
        for code_point, new in sorted(tokenizer.normalization.items())
        for text in (chr(code_point), new)
    ]
    lines, pairs = "\n".join(rest).encode(), "\0".join(replaced).encode()
    parts = [bytes(counts), lines, planes, pairs]
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def _shared(first: str, second: str) -> int:
    """How many characters both begin with, 100 at most."""
    for i, (a, b) in enumerate(zip(first[:100], second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second), 100)


def _length(text: str) -> int:
    """The length of a text in JavaScript."""
    return len(text.encode("utf-16-le")) // 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the scripts are written")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in vocabulary_scripts().items():
        (folder / f"{name}.js").write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main()
