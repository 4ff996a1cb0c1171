r"""Train and use the translator of numbers without a notebook.

    python -m transformers_explained.train translation
    python -m transformers_explained.train translate "ninety-nine"

The same command runs on two processes, which share each batch:

    torchrun --nproc_per_node 2 -m transformers_explained.train translation \
        --processes 2
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from transformers_explained.files import read_json
from transformers_explained.lesson.command_line import (
    Parser,
    at_least,
    speak_anywhere,
    wanted_language,
)
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.labels import label
from transformers_explained.lesson.language import LANGUAGES
from transformers_explained.seq2seq import Transformer, TransformerConfig
from transformers_explained.tasks.examples import collate, example_length
from transformers_explained.tasks.sequence_pairs import (
    SPECIAL,
    exact_match,
    smoothed_loss,
)
from transformers_explained.tasks.translation import (
    Vocabulary,
    translate,
    translation_config,
    translation_data,
    translation_training,
    unknown_words,
    words,
)
from transformers_explained.training import Trainer, checkpoints, set_seed

FOLDER = Path("checkpoints/translation")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a wrong one ends in a message and exit status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    speak_anywhere()
    use_language(wanted_language(arguments))
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)  # two threads change third digits
    try:
        options.run(options)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f"{label('train.error')} {error}") from error


def train_translation(options: argparse.Namespace) -> None:
    """Train, write the checkpoint, and say how many unseen numbers come out right.

    Ctrl-C writes it too, and says how to go on.
    """
    if options.folder.exists() and not options.folder.is_dir():
        raise ValueError(label("train.not-a-folder", folder=str(options.folder)))
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
    interrupted = False
    try:
        trainer.run(until=options.until)
    except KeyboardInterrupt:
        interrupted = True
    first = len(SPECIAL)
    task = {
        "model": asdict(model.config),
        "english": data.english.tokens[first:],
        "french": data.french.tokens[first:],
        "processes": trainer.world_size,
    }
    trainer.save(options.folder, about=task)
    if trainer.rank != 0:
        return
    folder = str(options.folder)
    if interrupted:
        print(label("train.interrupted", updates=trainer.step, folder=folder))
        raise SystemExit(130)  # what a shell expects after Ctrl-C
    right = exact_match(model, data.examples(data.splits.test))
    print(
        label(
            "train.trained",
            updates=trainer.step,
            loss=trainer.history.losses[-1],
            right=100 * right,
            count=len(data.splits.test),
            folder=folder,
        )
    )


def translate_words(options: argparse.Namespace) -> None:
    """Load the checkpoint and print one translation per line.

    A text with a word that the model does not know gets a sentence instead.
    """
    try:
        state = checkpoints.latest_state(options.folder)
    except FileNotFoundError as error:
        message = label("train.no-checkpoint", folder=str(options.folder))
        raise FileNotFoundError(message) from error
    task = read_json(state / "task.json")
    try:
        model = Transformer(TransformerConfig(**task["model"]))
        english, french = Vocabulary(task["english"]), Vocabulary(task["french"])
    except (KeyError, TypeError) as error:
        file = str(state / "task.json")
        raise ValueError(label("train.not-our-checkpoint", file=file)) from error
    checkpoints.load_weights(model, state)
    refused = False
    for text in options.text:
        unknown = unknown_words(text, english)
        if unknown or not words(text):
            refused = True
            print(_refusal(text, unknown), file=sys.stderr)
        else:
            print(*translate(model, english, french, [text]))
    if refused:
        raise SystemExit(1)


def _refusal(text: str, unknown: Sequence[str]) -> str:
    """One sentence that says why a text is not translated, and what would be."""
    if not words(text):
        return label("train.empty-text")
    return label("train.unknown-words", text=text, words=", ".join(unknown))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
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
        ("test", 600),
        ("processes", None),
        ("until", None),
    ):
        training.add_argument(
            f"--{name}",
            type=at_least(0 if name == "seed" else 1),
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


if __name__ == "__main__":
    main()
