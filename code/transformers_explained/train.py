r"""Train and use the translator of numbers without a notebook.

    python -m transformers_explained.train translation
    python -m transformers_explained.train translate "ninety-nine"

The same command runs on two processes, which share each batch:

    torchrun --nproc_per_node 2 -m transformers_explained.train translation \
        --processes 2
"""

import argparse
import locale
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NoReturn

import torch

from transformers_explained import checkpoints
from transformers_explained.labels import LANGUAGES, label, use_language
from transformers_explained.numbers_in_words import (
    Vocabulary,
    translate,
    translation_config,
    translation_data,
    translation_training,
)
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.sequence_pairs import (
    SPECIAL,
    collate,
    exact_match,
    example_length,
    smoothed_loss,
)
from transformers_explained.training import Trainer, set_seed

FOLDER = Path("checkpoints/translation")
# argparse speaks English only: its phrases, and our texts for them.
ARGPARSE_PHRASES = {
    "unrecognized arguments:": "train.unrecognized",
    "the following arguments are required:": "train.required",
    "expected one argument": "train.one-expected",
    "invalid choice:": "train.invalid-choice",
    "(choose from": "train.choose-from",
    "ambiguous option:": "train.ambiguous",
    "could match": "train.could-match",
    "ignored explicit argument": "train.superfluous",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a wrong one ends in a message and exit status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    use_language(_wanted_language(arguments))
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)  # two threads change third digits
    try:
        options.run(options)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f"{label('train.error')} {error}") from error


def train_translation(options: argparse.Namespace) -> None:
    """Train, write the checkpoint, and say how many unseen numbers come out right."""
    data = translation_data(options.seed, train=options.pairs, test=options.test)
    set_seed(options.seed)
    model = Transformer(translation_config(data.english, data.french))
    config = replace(
        translation_training(options.seed),
        epochs=options.epochs,
        batch_size=options.batch_size,
    )
    trainer = Trainer(
        model,
        data.examples(data.splits.train),
        smoothed_loss,
        collate,
        config,
        length=example_length,
    )
    # A launcher that silently starts one process is an old trap, and so are two that
    # train apart: WORLD_SIZE is how many the launcher says that it started.
    for wanted in (options.processes, os.environ.get("WORLD_SIZE")):
        if wanted is not None and int(wanted) != trainer.world_size:
            found = trainer.world_size
            message = label("train.processes-differ", wanted=wanted, found=found)
            raise ValueError(message)
    if options.resume:
        trainer.load(options.folder)
    history = trainer.run(until=options.until)
    trainer.save(options.folder)
    if trainer.rank != 0:
        return
    words = len(SPECIAL)
    checkpoints.save_json(
        {
            "model": asdict(model.config),
            "english": data.english.tokens[words:],
            "french": data.french.tokens[words:],
            "processes": trainer.world_size,
        },
        options.folder / "task.json",
    )
    right = exact_match(model, data.examples(data.splits.test))
    print(
        label(
            "train.trained",
            updates=trainer.step,
            loss=history.losses[-1],
            right=100 * right,
            count=len(data.splits.test),
            folder=str(options.folder),
        )
    )


def translate_words(options: argparse.Namespace) -> None:
    """Load the checkpoint and print one translation per line."""
    try:
        task = checkpoints.load_json(options.folder / "task.json")
    except FileNotFoundError as error:
        message = label("train.no-checkpoint", folder=str(options.folder))
        raise FileNotFoundError(message) from error
    model = Transformer(TransformerConfig(**task["model"]))
    checkpoints.load_weights(model, options.folder)
    english, french = Vocabulary(task["english"]), Vocabulary(task["french"])
    for answer in translate(model, english, french, options.text):
        print(answer)


class _Formatter(argparse.HelpFormatter):
    """Help whose "usage:" is in the reader's language."""

    def add_usage(self, usage, actions, groups, prefix=None):  # type: ignore[no-untyped-def]
        if prefix is None:
            prefix = label("train.usage") + " "
        super().add_usage(usage, actions, groups, prefix)


class _Parser(argparse.ArgumentParser):
    """A parser whose own words are in the reader's language too."""

    def __init__(self, **options: object) -> None:
        super().__init__(formatter_class=_Formatter, add_help=False, **options)  # type: ignore[arg-type]
        self._positionals.title = label("train.arguments")
        self._optionals.title = label("train.options")
        self.add_argument("-h", "--help", action="help", help=label("train.help"))

    def error(self, message: str) -> NoReturn:
        for phrase, text in ARGPARSE_PHRASES.items():
            message = message.replace(phrase, label(text))
        if match := re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL):
            message = label("train.at-argument", name=match[1], problem=match[2])
        self.print_usage(sys.stderr)
        self.exit(2, f"{label('train.error')} {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m transformers_explained.train",
        description=label("train.description"),
    )
    parser.set_defaults(run=lambda _: parser.error(label("train.no-command")))
    commands = parser.add_subparsers(metavar="{translation,translate}")

    training = commands.add_parser("translation", help=label("train.translation"))
    training.set_defaults(run=train_translation)
    for name, default in (
        ("seed", 0),
        ("epochs", translation_training().epochs),
        ("batch-size", translation_training().batch_size),
        ("pairs", 10_000),
        ("test", 2_000),
        ("processes", None),
        ("until", None),
    ):
        training.add_argument(
            f"--{name}",
            type=_natural,
            default=default,
            metavar="N",
            help=label(f"train.{name}"),
        )
    training.add_argument("--resume", action="store_true", help=label("train.resume"))

    use = commands.add_parser("translate", help=label("train.translate"))
    use.set_defaults(run=translate_words)
    use.add_argument("text", nargs="+", help=label("train.text"))
    for command in (parser, training, use):
        command.add_argument(
            "--language", choices=LANGUAGES, help=label("train.language")
        )
    for command in (training, use):
        command.add_argument(
            "--folder",
            type=Path,
            default=FOLDER,
            metavar=label("train.folder-name"),
            help=label("train.folder", default=str(FOLDER)),
        )
    return parser


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(label("train.not-a-number", text=repr(text)))
    return int(text)


def _wanted_language(arguments: Sequence[str]) -> str:
    """`--language`, read before the help is written; else that of the environment,
    in which the parser itself then refuses another language."""
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--language", nargs="?")
    chosen: str | None = first.parse_known_args(arguments)[0].language
    return chosen if chosen in LANGUAGES else _environment_language()


def _environment_language() -> str:
    """French if the reader's system says so, English otherwise."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "fr" if value.lower().startswith("fr") else "en"
    name = (locale.getlocale()[0] or "").lower()  # on Windows: "french_france"
    return "fr" if name.startswith("fr") else "en"


if __name__ == "__main__":
    main()
