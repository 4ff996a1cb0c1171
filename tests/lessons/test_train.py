"""The command line: it trains, on two processes too, resumes, translates, explains."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from accelerate import PartialState
from safetensors.torch import load_file

from transformers_explained import train as cli
from transformers_explained.lesson import command_line
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.tasks.translation import (
    translation_config,
    translation_data,
)
from transformers_explained.training.checkpoints import latest_state

SMALL = ["--pairs", "96", "--epochs", "2", "--batch-size", "16", "--seed", "3"]
SMALL += ["--test", "20"]


@pytest.fixture(autouse=True)
def _language_is_put_back(monkeypatch):
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    yield
    use_language("en")


@pytest.fixture
def small_model(monkeypatch):
    """The command's own data and recipe, with a model that is quick to train."""

    def config(english, french):
        return replace(translation_config(english, french), d_model=32, d_ff=64)

    monkeypatch.setattr(cli, "translation_config", config)


def history(folder, name="losses"):
    progress = json.loads(
        (latest_state(folder) / "progress.json").read_text(encoding="utf-8")
    )
    return progress["history"][name]


def mark_first_loss(folder, value):
    progress = json.loads(
        (latest_state(folder) / "progress.json").read_text(encoding="utf-8")
    )
    progress["history"]["losses"][0] = value
    (latest_state(folder) / "progress.json").write_text(
        json.dumps(progress), encoding="utf-8"
    )


def processes(folder):
    return json.loads((latest_state(folder) / "task.json").read_text(encoding="utf-8"))[
        "processes"
    ]


def test_two_processes_draw_the_curve_of_one(tmp_path):
    """`torchrun` really starts two, and the global batch is the same."""
    command = ["-m", "transformers_explained.train", "translation", *SMALL]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for launcher, count in (([], 1), (torchrun, 2)):
        folder = tmp_path / str(count)
        run = subprocess.run(
            [
                *[sys.executable, *launcher, *command],
                *["--processes", str(count), "--folder", str(folder)],
            ],
            env=environment,
            timeout=240,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert run.returncode == 0, run.stderr
        assert "FutureWarning" not in run.stderr
        assert processes(folder) == count
    one, two = history(tmp_path / "1"), history(tmp_path / "2")
    assert len(one) == 12
    assert one[0] > one[-1] + 0.5  # the curves go somewhere
    assert two == pytest.approx(one, rel=0, abs=1e-5)
    # Adam forgives a gradient that is too large by a factor; its norm shows it.
    norms = [history(tmp_path / count, "gradient_norms") for count in "12"]
    assert norms[1] == pytest.approx(norms[0], rel=1e-3)
    weights = [
        load_file(latest_state(tmp_path / n) / "model.safetensors") for n in "12"
    ]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=0, atol=1e-3)
    ranks = {
        path.name for path in latest_state(tmp_path / "2").glob("random-*.safetensors")
    }
    assert ranks == {"random-0.safetensors", "random-1.safetensors"}


def test_a_launcher_that_starts_too_few_is_found_out(small_model, tmp_path):
    arguments = ["translation", *SMALL, "--folder", str(tmp_path / "model")]
    with pytest.raises(SystemExit, match="2 processes wanted, 1 running"):
        cli.main([*arguments, "--processes", "2"])
    assert not (tmp_path / "model").exists()


def test_processes_that_train_apart_are_found_out(small_model, monkeypatch, tmp_path):
    """Without an option: torchrun's own word is enough."""
    PartialState(cpu=True)  # alone before the launcher's word, it stays alone
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SystemExit, match="2 processes wanted, 1 running"):
        cli.main(["translation", *SMALL, "--folder", str(tmp_path / "model")])
    assert not (tmp_path / "model").exists()


def test_it_trains_then_translates(small_model, tmp_path, capsys):
    folder = ["--folder", str(tmp_path)]
    sizes = ["--pairs", "16", "--epochs", "150", "--test", "20"]
    cli.main(["translation", *sizes, *folder])
    assert "150 updates" in capsys.readouterr().out
    seen = translation_data(0, train=16, test=20).splits.train[:3]
    cli.main(["translate", *[pair.english for pair in seen], *folder])
    assert capsys.readouterr().out.splitlines() == [pair.french for pair in seen]


@pytest.mark.parametrize(
    ("language", "empty", "unknown"),
    [
        ("fr", "Le texte est vide", "je ne connais pas\u00a0: 99, cats"),
        ("en", "The text is empty", "I do not know: 99, cats"),
    ],
)
def test_what_it_cannot_read_gets_a_sentence(
    small_model, tmp_path, capsys, language, empty, unknown
):
    folder = ["--folder", str(tmp_path)]
    cli.main(["translation", "--pairs", "16", "--epochs", "1", "--test", "20", *folder])
    known = translation_data(0, train=16, test=20).splits.train[0].english
    capsys.readouterr()
    texts = [known, "99 cats", " , "]
    with pytest.raises(SystemExit, match="1"):
        cli.main(["translate", *texts, *folder, "--language", language])
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1  # the one that it can read
    first, second = said.err.splitlines()[-2:]
    assert unknown in first
    assert "ninety-nine" in first
    assert empty in second


def test_a_run_that_was_stopped_resumes(small_model, tmp_path, capsys):
    straight, halves = tmp_path / "straight", tmp_path / "halves"
    cli.main(["translation", *SMALL, "--folder", str(straight)])
    cli.main(["translation", *SMALL, "--folder", str(halves), "--until", "7"])
    assert "7 updates" in capsys.readouterr().out
    mark_first_loss(halves, 123.0)  # a run from the start would write over it
    cli.main(["translation", *SMALL, "--folder", str(halves), "--resume"])
    assert history(halves) == [123.0, *history(straight)[1:]]
    first, second = (
        load_file(latest_state(f) / "model.safetensors") for f in (straight, halves)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("fr", "aucun modèle entraîné dans .*; entraînez-en un d’abord"),
        ("en", "no trained model in .*; train one first"),
    ],
)
def test_translating_without_a_model_says_what_to_do(tmp_path, language, message):
    arguments = ["translate", "ninety-nine", "--folder", str(tmp_path / "none")]
    with pytest.raises(SystemExit, match=message):
        cli.main([*arguments, "--language", language])


@pytest.mark.parametrize("command", [[], ["translation"], ["translate"]])
def test_help_in_both_languages(command, capsys):
    texts = {}
    for language in ("fr", "en"):
        with pytest.raises(SystemExit, match="0"):
            cli.main([*command, "--help", "--language", language])
        texts[language] = capsys.readouterr().out
    assert texts["fr"].startswith("usage\u00a0: python -m transformers_explained.train")
    assert texts["en"].startswith("usage: python -m transformers_explained.train")
    assert "afficher cette aide" in texts["fr"]
    assert "show this help" in texts["en"]
    english_words = {"the", "show", "language", "fail", "train", "translate"}
    ignored = {"translate"}  # the name of a command
    assert not english_words - ignored & set(texts["fr"].split())


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("LANG", "fr_FR.UTF-8", "erreur\u00a0:"),
        ("LC_ALL", "fr_SN", "erreur\u00a0:"),
        ("LANGUAGE", "fr:en", "erreur\u00a0:"),
        ("LANG", "en_US.UTF-8", "error:"),
        ("LANG", "de_DE", "error:"),
    ],
)
def test_language_comes_from_the_environment(
    monkeypatch, capsys, variable, value, expected
):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit, match="2"):
        cli.main([])
    assert expected in capsys.readouterr().err


def test_without_variables_the_locale_decides(monkeypatch):
    monkeypatch.delenv("LANG")
    for name, expected in (("French_France", "fr"), ("fr_FR", "fr"), (None, "en")):
        monkeypatch.setattr(
            command_line.locale, "getlocale", lambda name=name: (name, None)
        )
        assert command_line._environment_language() == expected


@pytest.mark.parametrize(
    ("arguments", "french", "english"),
    [
        (
            ["translation", "--sed=3"],
            "arguments inconnus\u00a0: --sed=3",
            "unrecognized arguments: --sed=3",
        ),
        (
            ["translate"],
            "arguments manquants\u00a0: text",
            "the following arguments are required: text",
        ),
        (
            ["translation", "--seed"],
            "argument --seed\u00a0: une valeur est attendue",
            "argument --seed: expected one argument",
        ),
        (
            ["--language"],
            "argument --language\u00a0: une valeur est attendue",
            "argument --language: expected one argument",
        ),
        (
            ["--language", "de"],
            "argument --language\u00a0: choix inconnu\u00a0: 'de' (à choisir parmi",
            "argument --language: invalid choice: 'de' (choose from",
        ),
        (
            ["translation", "--p", "3"],
            "option ambiguë\u00a0: --p peut désigner --pairs, --processes",
            "ambiguous option: --p could match --pairs, --processes",
        ),
        (
            ["translation", "--resume=3"],
            "argument --resume\u00a0: valeur superflue '3'",
            "argument --resume: ignored explicit argument '3'",
        ),
        (
            ["translation", "--seed", "some"],
            "argument --seed\u00a0: un nombre entier, 0 ou plus, est attendu",
            "argument --seed: a whole number, 0 or more, is expected",
        ),
    ],
)
def test_wrong_arguments_are_refused_in_the_readers_language(
    monkeypatch, capsys, arguments, french, english
):
    for system, error in (
        ("fr_FR.UTF-8", f"erreur\u00a0: {french}"),
        ("en_GB.UTF-8", f"error: {english}"),
    ):
        monkeypatch.setenv("LANG", system)
        with pytest.raises(SystemExit, match="2"):
            cli.main(arguments)
        said = capsys.readouterr().err
        assert said.startswith("usage")
        assert said.splitlines()[-1].startswith(error)


@pytest.mark.parametrize("option", ["epochs", "batch-size", "pairs", "test", "until"])
@pytest.mark.parametrize("value", ["0", "-1", "some", "1.5", "nan"])
def test_wrong_numbers_are_refused_before_training(capsys, option, value):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["translation", f"--{option}={value}"])
    assert f"a whole number, 1 or more, is expected; got {value!r}" in (
        capsys.readouterr().err
    )


def test_a_file_in_place_of_the_folder_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(SystemExit, match="is not a folder: give another one"):
        cli.main(["translation", "--folder", str(tmp_path / "file")])


def test_an_interrupted_run_saves_and_says_how_to_go_on(
    small_model, tmp_path, capsys, monkeypatch
):
    folder = str(tmp_path / "run")
    arguments = ["translation", "--pairs", "64", "--test", "6", "--epochs", "1"]
    arguments += ["--batch-size", "16", "--folder", folder]
    update = cli.Trainer._update

    def interrupted(self, batch):
        if self.step == 2:
            raise KeyboardInterrupt
        update(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(cli.Trainer, "_update", interrupted)
        with pytest.raises(SystemExit) as stopped:
            cli.main(arguments)
    assert stopped.value.code == 130
    assert "Interrupted after 2 updates" in capsys.readouterr().out
    cli.main([*arguments, "--resume"])
    assert len(history(tmp_path / "run")) > 2


@pytest.mark.parametrize("task", ['{"model": {"rooms": 3}}', "{}", "[1]", "{", ""])
def test_a_damaged_task_gets_one_sentence(small_model, tmp_path, task):
    folder = tmp_path / "run"
    cli.main(
        [
            "translation",
            "--pairs",
            "32",
            "--test",
            "6",
            "--until",
            "1",
            "--folder",
            str(folder),
        ]
    )
    (latest_state(folder) / "task.json").write_text(task, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"task\.json"):
        cli.main(["translate", "one", "--folder", str(folder)])


def test_a_terminal_of_an_old_encoding_is_spoken_to(tmp_path):
    """Help in French holds no-break spaces that cp437 does not know."""
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "transformers_explained.train",
            "--language",
            "fr",
            "-h",
        ],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(b"utilisation") or b"usage" in run.stdout
