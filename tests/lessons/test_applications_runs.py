"""The recorded runs of the chapter "Beyond text" are those of the programs beside them;
the games, the strands and the rules are what the page says."""

import json
import random

import pytest
import torch

from transformers_explained.chapters.applications import (
    digits,
    game,
    hairpins,
    names,
    runs,
)
from transformers_explained.data.entities import load_entities
from transformers_explained.tasks.examples import IGNORED
from transformers_explained.tasks.tagging import by_rule


@pytest.mark.parametrize("experiment", runs.EXPERIMENTS)
def test_every_seed_is_recorded(experiment: str) -> None:
    found = runs.recorded(experiment)
    assert found["seeds"] == [1, 2, 3, 4, 5]
    assert found["command"].endswith(f"applications.runs {experiment}")
    alone = ("logistic/", "capitals/", "list/")  # these have no seed
    for name, rows in found["runs"].items():
        assert len(rows) == (1 if name.startswith(alone) else 5), name
    assert json.loads(runs.as_text(found)) == found


def test_the_command_refuses_what_it_does_not_know() -> None:
    with pytest.raises(SystemExit):
        runs.main(["chess"])


class TestDigits:
    def test_splits_share_no_image(self) -> None:
        sizes = {"test": 400, "valid": 200, "train": 1_197}
        seen: set[bytes] = set()
        for split, size in sizes.items():
            images = digits.load_images(split)
            assert images.pixels.shape == (size, 1, 8, 8)
            assert 0 <= images.pixels.min() < images.pixels.max() <= 1
            keys = {image.numpy().tobytes() for image in images.pixels}
            assert not keys & seen
            seen |= keys

    def test_shuffling_moves_all_images_alike_and_loses_nothing(self) -> None:
        images = digits.load_images("valid")
        moved = images.shuffled().pixels.flatten(1)
        still = images.pixels.flatten(1)
        assert not torch.equal(moved, still)
        assert torch.equal(moved.sort(dim=1).values, still.sort(dim=1).values)
        ramp = digits.Images(torch.arange(64.0).view(1, 1, 8, 8), torch.tensor([0]))
        order = ramp.shuffled().pixels.flatten().long()
        assert torch.equal(still[:, order], moved)

    def test_the_logistic_regression_is_the_recorded_one(self) -> None:
        found = runs.recorded("digits")
        best = max(found["tried"], key=found["tried"].__getitem__)
        model = digits.logistic(digits.load_images("train"), float(best))
        share = digits.logistic_accuracy(model, digits.load_images("test"))
        assert share == pytest.approx(found["runs"]["logistic/whole"][0], abs=3e-3)

    def test_networks_have_about_as_many_parameters(self) -> None:
        sizes = [
            sum(p.numel() for p in digits.build(kind, 0).parameters())
            for kind in digits.NETWORKS
        ]
        assert max(sizes) < 1.05 * min(sizes)

    def test_training_is_repeatable_and_learns(self) -> None:
        images = digits.load_images("valid")
        one, two = (digits.train("transformer", 3, images, 40) for _ in range(2))
        scores = [digits.scores_of(m, images.pixels[:5]) for m in (one, two)]
        assert torch.equal(*scores)
        assert digits.accuracy(one, images) > 0.2


class TestGame:
    def test_games_end_with_a_line_or_a_full_board(self) -> None:
        assert game.is_over([0, 3, 1, 4, 2])
        assert not game.is_over([0, 3, 1, 4])
        assert game.is_over([0, 1, 2, 4, 3, 5, 7, 6, 8])  # nobody wins
        assert game.legal([0, 3, 1, 4, 2]) == {game.END}
        assert game.legal([4]) == {0, 1, 2, 3, 5, 6, 7, 8}

    def test_every_game_keeps_the_rules_to_its_end(self) -> None:
        test, train = game.games("test"), game.games("train")
        assert not set(test) & set(train)
        assert len(set(train)) == len(train) >= max(game.SIZES)
        assert len(test) >= game.ASKED
        for moves in (*test[:200], *train[:200]):
            for length, move in enumerate(moves):
                assert move in game.legal(moves[:length])
            assert game.is_over(moves)

    def test_the_rival_recites(self) -> None:
        some = game.games("train")[:50]
        rival = game.from_counts(some)
        played = game.play(rival, 40, seed=0)
        assert all(fine and moves in some for moves, fine in played)
        assert rival([(), ()]).sum(dim=-1).tolist() == pytest.approx([1, 1])

    def test_the_rival_is_the_recorded_one(self) -> None:
        rival = game.from_counts(game.games("train")[:10_000])
        found = game.broken(rival, game.games("test")[: game.ASKED])
        stored = runs.recorded("game")["runs"]["counts/10000"][0]["broken"]
        assert found == pytest.approx(stored, abs=1e-3)

    def test_chance_breaks_the_rules_by_the_share_of_what_is_against_them(self) -> None:
        some = [(0, 1, 2, 4, 3, 5, 7, 6, 8)]  # nine moves, nobody wins
        wanted = [n / 10 for n in range(1, 10)] + [0.9]
        found = game.broken(game.chance, some)
        assert found == pytest.approx(wanted, abs=1e-6)

    def test_boards_by_colour_and_by_turn(self) -> None:
        colour = game.boards([(4, 0, 8)])
        assert colour[2].tolist() == [2, 0, 0, 0, 1, 0, 0, 0, 1]
        turn = game.boards([(4, 0, 8)], by_turn=True)
        assert turn[1].tolist() == [1, 0, 0, 0, 2, 0, 0, 0, 0]
        assert turn[2].tolist() == colour[2].tolist()

    def test_states_stand_at_the_moves(self) -> None:
        model, some = game.build(0), game.games("train")[:7]
        assert len(game.states(model.eval(), some)) == len(game.boards(some))


class TestHairpins:
    def test_labels(self) -> None:
        strand = "ACGUACGU" + "AAA" + "ACGUACGA"
        labels = hairpins.labels_of(strand)
        assert labels[:8] == [0, 1, 1, 1, 1, 1, 1, 1]
        assert labels[8:11] == [IGNORED] * 3
        assert labels[11:] == labels[:8][::-1]

    def test_half_of_the_pairs_hold(self) -> None:
        draw = random.Random(3)
        labels = [hairpins.labels_of(hairpins.draw_strand(draw)) for _ in range(500)]
        share = sum(sum(row[:8]) for row in labels) / 4_000
        assert share == pytest.approx(0.5, abs=0.03)
        assert not set(hairpins.strands("train")) & set(hairpins.strands("test"))

    def test_a_window_does_not_see_the_partner_of_an_outer_letter(self) -> None:
        torch.manual_seed(0)
        network, folder = hairpins.Window().eval(), hairpins.Folder().eval()
        letters, _ = hairpins.as_tensors(hairpins.strands("test")[:1])
        changed = letters.clone()
        changed[0, 18] = (letters[0, 18] + 1) % 4
        assert torch.equal(network(letters)[0, 0], network(changed)[0, 0])
        assert not torch.equal(folder(letters)[0, 0], folder(changed)[0, 0])
        sizes = [sum(p.numel() for p in m.parameters()) for m in (network, folder)]
        assert max(sizes) < 1.05 * min(sizes)


class TestNames:
    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_rules_are_the_recorded_ones(self, language: str) -> None:
        found = runs.recorded("names")["runs"]
        tests = load_entities(language, "test")  # type: ignore[arg-type]
        learned = load_entities(language, "train")  # type: ignore[arg-type]
        for name, rule in (
            ("capitals", names.capitals(language)),
            ("list", names.listed(learned)),
        ):
            stored = found[f"{name}/{language}"][0]
            assert list(by_rule(rule, tests)) == pytest.approx(stored, abs=1e-4)

    def test_capitals(self) -> None:
        text = "Today old Mrs Dossou met Awa Koné in Lomé on Friday."
        found = names.capitals("en")(text)
        read = [(text[e.start : e.end], e.label) for e in found]
        assert read == [("Dossou", "being"), ("Awa Koné", "being"), ("Lomé", "place")]
