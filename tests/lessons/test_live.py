"""The models that live in the page: their weights, and the engine equal to PyTorch."""

import base64
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from transformers_explained.chapters.language_model.tales_model import tales_tokenizer
from transformers_explained.data.tales import load_tales
from transformers_explained.decoding import keep_top_k, keep_top_p
from transformers_explained.language_model import LanguageModel, LanguageModelConfig
from transformers_explained.lesson.first_cell import use_language
from transformers_explained.lesson.language import LANGUAGES
from transformers_explained.live import (
    explore_teller,
    explore_translator,
    load_packed,
    packed,
    rounded,
    show_engine,
    source,
    teller,
    translator,
)
from transformers_explained.live.element import interface, loader, read
from transformers_explained.live.translator import beam_of
from transformers_explained.live.weights import eight_bits
from transformers_explained.seq2seq import Transformer
from transformers_explained.tasks.sequence_pairs import START_ID, write
from transformers_explained.tasks.translation import (
    TranslationData,
    translation_config,
    translation_data,
)
from transformers_explained.tokenization import BPETokenizer

CLOSE = 1e-4  # of the browser's logits and PyTorch's, on the same weights
ENGINE, LOADER = 8_000, 2_500  # bytes
BEGINNING = "One morning, the little girl"


@pytest.fixture(scope="module")
def numbers() -> TranslationData:
    return translation_data(1, train=1_000, test=60)


@pytest.fixture(scope="module")
def translating(numbers: TranslationData) -> Transformer:
    """Not trained: any weights must give what PyTorch gives. Three layers write what
    two have read, so that none passes for another; every bias and gain counts."""
    torch.manual_seed(5)
    config = translation_config(numbers.english, numbers.french)
    return _shaken(Transformer(replace(config, num_decoder_layers=3)))


@pytest.fixture(scope="module")
def tokenizer() -> BPETokenizer:
    return tales_tokenizer("en")


@pytest.fixture(scope="module")
def telling(tokenizer: BPETokenizer) -> LanguageModel:
    torch.manual_seed(6)
    sizes = LanguageModelConfig(
        vocab_size=tokenizer.vocab_size,
        d_model=20,
        num_heads=5,
        num_layers=3,
        d_ff=28,
        max_len=64,
    )
    return _shaken(LanguageModel(sizes))


def _shaken(model: Any) -> Any:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def bundle_of(module: Any, explore: Callable[..., None], *given: Any) -> dict[str, str]:
    """What an explorer would display."""
    sent: list[dict[str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "show", sent.append)
        explore(*given)
    (bundle,) = sent
    return bundle


def translator_bundle(
    model: Transformer, numbers: TranslationData, language: str = "en"
) -> dict[str, str]:
    use_language(language)
    given = (model, numbers.english, numbers.french, [99, 100_001])
    bundle = bundle_of(translator, explore_translator, *given)
    use_language("en")
    return bundle


def teller_bundle(
    model: LanguageModel, tokenizer: BPETokenizer, language: str = "en"
) -> dict[str, str]:
    use_language(language)
    texts = [tale.text for tale in load_tales("en", "train")]
    bundle = bundle_of(teller, explore_teller, model, tokenizer, BEGINNING, texts)
    use_language("en")
    return bundle


@pytest.fixture
def bundles(
    translating: Transformer,
    numbers: TranslationData,
    telling: LanguageModel,
    tokenizer: BPETokenizer,
) -> dict[str, dict[str, str]]:
    """What the cell of each model gives."""
    return {
        "translator": translator_bundle(translating, numbers),
        "teller": teller_bundle(telling, tokenizer),
    }


def page_of(bundle: dict[str, str], language: str = "en") -> str:
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Demo</title><body>{bundle['text/html']}"
    )


def without_script(page: str) -> str:
    page = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    return re.sub(r"data-json='[^']*'", "", page)


# ---------------------------------------------------------------------------- weights


def test_eight_bits_are_near_and_keep_the_largest_of_a_row() -> None:
    matrix = torch.randn(7, 11) * torch.logspace(-3, 2, 7)[:, None]
    matrix[3] = 0
    whole, scales = eight_bits(matrix)
    assert whole.dtype == torch.int8
    again = whole.float() * scales[:, None]
    assert (again - matrix).abs().amax(dim=1).le(scales * 0.5001).all()
    rows = torch.arange(7)[scales > 0]
    assert (whole[rows].abs().amax(dim=1) == 127).all()
    assert not again[3].any()


def test_packed_weights_come_back_as_the_rounded_model(telling: LanguageModel) -> None:
    found = json.loads(json.dumps(packed(telling)))
    fresh = load_packed(LanguageModel(telling.config), found)
    for name, parameter in rounded(telling).named_parameters():
        assert torch.equal(parameter, fresh.get_parameter(name)), name
    assert fresh.output.weight is fresh.tokens.weight
    assert packed(fresh)["rows"] == found["rows"]  # rounding once is enough


def test_weights_of_another_model_are_refused(
    telling: LanguageModel, translating: Transformer
) -> None:
    other = LanguageModel(replace(telling.config, d_ff=12))
    with pytest.raises(ValueError, match=r"linear1\.weight must have the shape"):
        load_packed(other, packed(telling))
    with pytest.raises(ValueError, match="must be those of the model"):
        load_packed(other, packed(translating))


@pytest.mark.parametrize(
    "change",
    [{"norm": "post"}, {"positions": "rotary"}, {"gated": True}, {"tied": False}],
)
def test_what_the_engine_does_not_compute_is_refused(
    telling: LanguageModel, change: dict[str, Any]
) -> None:
    model = LanguageModel(replace(telling.config, num_heads=5, **change))
    with pytest.raises(ValueError, match=f"{next(iter(change))} must be .* got"):
        packed(model)


def test_there_must_be_a_number(
    translating: Transformer, numbers: TranslationData
) -> None:
    with pytest.raises(ValueError, match="at least one number"):
        explore_translator(translating, numbers.english, numbers.french, [])


# ----------------------------------------------------------------- what stands there


def test_engine_and_loader_are_small() -> None:
    assert len(read("transformer.js").encode()) <= ENGINE
    for name in ("translator", "teller"):
        assert len(loader(name).encode()) <= LOADER
        assert "</script" not in interface(name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_script_a_translation_stands_there(
    translating: Transformer, numbers: TranslationData, language: str
) -> None:
    bundle = translator_bundle(translating, numbers, language)
    page = without_script(bundle["text/html"])
    found = beam_of(rounded(translating), numbers.english.encode("ninety-nine"))
    shown = [
        html.unescape(t) for t in re.findall(r'<span lang="fr">(.*?)</span>', page)
    ]
    assert shown == [numbers.french.decode(h.ids) for h in found]
    assert base64.b64decode(bundle["application/pdf"]).startswith(b"%PDF")
    assert bundle["text/plain"].startswith("ninety-nine -> ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_script_a_distribution_stands_there(
    telling: LanguageModel, tokenizer: BPETokenizer, language: str
) -> None:
    bundle = teller_bundle(telling, tokenizer, language)
    page = without_script(bundle["text/html"])
    ids = torch.tensor([[tokenizer.end_id, *tokenizer.encode(BEGINNING)]])
    scores, _ = rounded(telling)(ids)
    most = 100 * scores[0, -1].softmax(dim=-1).max().item()
    shown = re.findall(r"</code> ([\d.,]+)", page)
    assert len(shown) == 8
    assert float(shown[0].replace(",", ".")) == pytest.approx(most, abs=0.051)
    assert BEGINNING in bundle["text/plain"]
    assert base64.b64decode(bundle["application/pdf"]).startswith(b"%PDF")


def test_the_engine_is_shown_whole_or_in_part() -> None:
    whole = bundle_of(source, show_engine)["text/plain"]
    head, _, code = whole.partition("\n")
    assert head == "// transformers_explained/live/transformer.js"
    assert code == read("transformer.js").rstrip()
    part = bundle_of(source, show_engine, "  attend(", "  maskedAttention(")
    assert "softmax(scores)" in part["text/plain"]
    assert "maskedAttention(name" not in part["text/plain"]
    assert part["text/markdown"].startswith("```javascript\n//")
    with pytest.raises(ValueError, match=r"no line of transformer\.js has 'nowhere'"):
        show_engine("nowhere")


# ------------------------------------------------------------------ in a real browser


@pytest.fixture
def open_live(open_html: Callable[..., Any]) -> Callable[..., Any]:
    """Open a page and ask for its model."""

    def open_page(name: str, bundle: dict[str, str], **settings: Any) -> Any:
        page = open_html(page_of(bundle), **settings)
        page.get_by_role("button", name="Run this model here").click()
        page.locator(f"live-{name}").wait_for()
        return page

    return open_page


def live(page: Any, name: str, script: str, *given: Any) -> Any:
    """Run a function of a living model."""
    call = (
        "([name, given]) => { const live = document.querySelector(`${name}-explorer`)"
        f".live; return ({script})(live, ...given); }}"
    )
    return page.evaluate(call, [name, list(given)])


def test_the_translators_logits_equal_pytorchs(
    open_live: Callable[..., Any], translating: Transformer, numbers: TranslationData
) -> None:
    page = open_live("translator", translator_bundle(translating, numbers))
    small = rounded(translating)
    for pair in numbers.splits.test[::6]:
        read_ids = numbers.english.encode(pair.english)
        written = [START_ID, *numbers.french.encode(pair.french)[:-1]]
        with torch.no_grad():
            expected, _ = small(torch.tensor([read_ids]), torch.tensor([written]))
        found = live(
            page, "translator", "(live, a, b) => live.scores(a, b)", read_ids, written
        )
        assert (torch.tensor(found) - expected[0]).abs().max() < CLOSE


def test_the_tellers_logits_equal_pytorchs(
    open_live: Callable[..., Any], telling: LanguageModel, tokenizer: BPETokenizer
) -> None:
    page = open_live("teller", teller_bundle(telling, tokenizer))
    small = rounded(telling)
    for tale in load_tales("en", "valid")[:3]:
        ids = [tokenizer.end_id, *tokenizer.encode(tale.text)][:60]
        with torch.no_grad():
            expected, _ = small(torch.tensor([ids]))
        found = live(page, "teller", "(live, ids) => live.scores(ids)", ids)
        assert (torch.tensor(found) - expected[0]).abs().max() < CLOSE


def test_greedy_and_the_beam_write_what_python_writes(
    open_live: Callable[..., Any], translating: Transformer, numbers: TranslationData
) -> None:
    page = open_live("translator", translator_bundle(translating, numbers))
    small = rounded(translating)
    for pair in numbers.splits.test[::10]:
        ids = numbers.english.encode(pair.english)
        [expected] = write(small, [ids])
        given = (ids, small.config.max_len)
        found = live(
            page, "translator", "(live, a, most) => live.greedy(a, most)", *given
        )
        assert found == expected
        beam = live(page, "translator", "(live, a) => live.search(a, 4)", ids)
        for ours, theirs in zip(beam_of(small, ids), beam, strict=True):
            assert theirs["ids"] == ours.ids
            assert theirs["logP"] == pytest.approx(ours.log_probability, abs=1e-3)
            assert theirs["score"] == pytest.approx(ours.score, abs=1e-3)


def test_tokens_and_distributions_equal_pythons(
    open_live: Callable[..., Any], telling: LanguageModel, tokenizer: BPETokenizer
) -> None:
    page = open_live("teller", teller_bundle(telling, tokenizer))
    texts = [t.text[:300] for t in load_tales("en", "valid")]
    texts += ["", "  two  spaces\n\nç 👩‍💻 12 34", "l'été, don't", "\u00a0x\u2028y"]
    for text in texts:
        found = live(page, "teller", "(live, text) => live.tokens.encode(text)", text)
        assert found == tokenizer.encode(text)
        back = live(page, "teller", "(live, ids) => live.tokens.decode(ids)", found)
        assert back == text
    scores = torch.randn(40).mul(3)
    for temperature, k, p in (
        (0.5, 7, 0.8),
        (2.0, 40, 0.5),
        (1.0, 1, 1.0),
        (1, 9, 0.05),
    ):
        kept = keep_top_p(keep_top_k(scores / temperature, k), p).softmax(dim=-1)
        settings = {"temperature": temperature, "topK": k, "topP": p}
        found = live(
            page,
            "teller",
            "(live, s, settings) => [...live.chancesOf(s, settings)]",
            scores.tolist(),
            settings,
        )
        assert torch.allclose(torch.tensor(found, dtype=torch.float), kept, atol=1e-6)


def test_by_keyboard_a_number_is_translated_and_looked_into(
    open_live: Callable[..., Any], translating: Transformer, numbers: TranslationData
) -> None:
    bundle = translator_bundle(translating, numbers)
    page = open_live("translator", bundle, reduced_motion="reduce")
    box = page.locator("live-translator")
    field = box.get_by_role("textbox", name="A number, in English words")
    assert field.input_value() == "ninety-nine"
    assert field.evaluate("(e) => e.getRootNode().activeElement === e")
    field.fill("eighty-one")
    field.press("Enter")
    [ids] = write(rounded(translating), [numbers.english.encode("eighty-one")])
    answer = numbers.french.decode(ids)
    status = box.get_by_role("status")
    assert status.text_content() == f'It writes: "{answer}".'
    tokens = box.get_by_role("radiogroup", name="What it writes").get_by_role("radio")
    assert tokens.count() == len(ids)
    found = beam_of(rounded(translating), numbers.english.encode("eighty-one"))
    beam = box.get_by_role("listitem").all_text_contents()
    for hypothesis, line in zip(found, beam, strict=True):
        assert line.startswith(f"{numbers.french.decode(hypothesis.ids)} (")
    tells = box.locator(".tells")
    before = tells.text_content()
    tokens.first.focus()
    page.keyboard.press("ArrowRight")
    assert tokens.nth(1).get_attribute("aria-checked") == "true"
    assert tells.text_content() != before
    with torch.no_grad():
        _, weights = rounded(translating)(
            torch.tensor([numbers.english.encode("eighty-one")]),
            torch.tensor([[START_ID, *ids[:-1]]]),
            return_weights=True,
        )
    most = weights.decoder[-1].cross_attention[0].mean(dim=0)[1].max().item()
    assert f"({100 * most:.0f}%) in the text read" in tells.text_content()
    seen = [
        float(b)
        for b in box.locator(".row .key b").evaluate_all(
            "(all) => all.map((b) => parseFloat(b.textContent))"
        )
    ]
    assert len(seen) == 2 * len(numbers.english.encode("eighty-one")) + 2
    box.get_by_role("radiogroup", name="Head").get_by_role("radio", name="4").click()
    assert tells.text_content() != before


def test_what_the_translator_cannot_read_gets_a_sentence(
    open_live: Callable[..., Any], translating: Transformer, numbers: TranslationData
) -> None:
    bundle = translator_bundle(translating, numbers)
    page = open_live("translator", bundle, reduced_motion="reduce")
    box = page.locator("live-translator")
    field, status = box.get_by_role("textbox"), box.get_by_role("status")
    for text, sentence in {
        "  ": 'Write a number in English, for instance "ninety-nine".',
        "99": "I cannot read digits",
        "nine black cats": "Unknown: black, cats.",
        "nine " * 32: "I read 31 words at most.",
    }.items():
        field.fill(text)
        field.press("Enter")
        assert sentence in status.text_content()
        assert box.get_by_role("radio").count() == 0  # the last answer is gone
    box.get_by_role("button", name="one hundred thousand and one").click()
    assert "cent mille un" in status.text_content()  # what it should have been


def test_by_keyboard_a_tale_goes_on(
    open_live: Callable[..., Any], telling: LanguageModel, tokenizer: BPETokenizer
) -> None:
    bundle = teller_bundle(telling, tokenizer)
    page = open_live("teller", bundle, reduced_motion="reduce")
    box = page.locator("live-teller")
    area = box.get_by_role("textbox", name="The beginning of a tale")
    assert area.input_value() == BEGINNING
    choices = box.get_by_role("list").get_by_role("button")
    assert choices.count() == 8
    choices.nth(2).focus()
    ids = [tokenizer.end_id, *tokenizer.encode(BEGINNING)]
    with torch.no_grad():
        order = rounded(telling)(torch.tensor([ids]))[0][0, -1].argsort(descending=True)
    page.keyboard.press("Enter")
    assert area.input_value() == tokenizer.decode([*ids[1:], order[2].item()])
    box.get_by_role("button", name="Take back the last").click()
    assert area.input_value() == BEGINNING
    top_k = box.get_by_role("slider", name="top-k")
    top_k.focus()
    page.keyboard.press("Home")
    assert top_k.get_attribute("aria-valuetext") == "1"
    assert "(100%)" in choices.first.get_attribute("aria-label")
    assert "(0%)" in choices.nth(1).get_attribute("aria-label")
    box.get_by_role("button", name="Draw a token").click()
    assert area.input_value() == tokenizer.decode([*ids[1:], order[0].item()])
    box.get_by_role("button", name="Write 30").click()
    assert "Added:" in box.get_by_role("status").text_content()
    assert live(page, "teller", "(live) => live.ids.length") > len(ids) + 1
    area.fill("")
    box.get_by_text("Nothing is written").wait_for()
    area.fill("One ñ")
    box.get_by_text("never saw: ñ").wait_for()
    area.fill("word " * 100)
    box.get_by_text("reads no more than 64 tokens").wait_for()
    assert choices.first.is_disabled()


def test_the_sum_behind_a_weight_is_its_sum(
    open_live: Callable[..., Any], telling: LanguageModel, tokenizer: BPETokenizer
) -> None:
    bundle = teller_bundle(telling, tokenizer)
    page = open_live("teller", bundle, reduced_motion="reduce")
    box = page.locator("live-teller")
    box.get_by_text("An attention map").click()
    box.get_by_role("radiogroup", name="Layer").get_by_role("radio", name="2").click()
    box.get_by_role("radiogroup", name="Head").get_by_role("radio", name="5").click()
    grid = box.get_by_role("grid")
    chosen = grid.locator("[aria-selected=true]")
    chosen.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    ids = [tokenizer.end_id, *tokenizer.encode(BEGINNING)]
    query, key = len(ids) - 2, len(ids) - 3
    with torch.no_grad():
        _, weights = rounded(telling)(torch.tensor([ids]), return_weights=True)
    weight = weights[1][0, 4, query, key].item()
    assert live(page, "teller", "({ at }) => [at.query, at.key]") == [query, key]
    sum_ = live(page, "teller", "(live) => live.terms(live.at.query, live.at.key)")
    assert sum(q * k for q, k in sum_["terms"]) == pytest.approx(sum_["product"])
    assert len(sum_["terms"]) == 4  # of 20 features in 5 heads
    score = sum_["product"] / 4**0.5
    assert torch.tensor(score).exp().item() / sum_["sum"] == pytest.approx(
        weight, abs=1e-5
    )
    shown = box.locator(".sum").inner_text()
    assert shown.count("×") == 4
    assert "√4" in shown
    assert f"over the {query + 1} tokens" in shown
    tells = box.locator(".tells").text_content()
    assert f"{sum_['product']:.2f}".replace("-", "\u2212") in tells
    assert chosen.get_attribute("aria-label").startswith('"')
    page.keyboard.press("Control+ArrowUp")  # of the browser, not of the map
    assert live(page, "teller", "({ at }) => at.query") == query


@pytest.mark.parametrize("name", ["translator", "teller"])
def test_a_model_that_cannot_be_loaded_says_so_and_its_result_stays(
    open_html: Callable[..., Any], bundles: dict[str, dict[str, str]], name: str
) -> None:
    """In a notebook that was opened and has not run, the weights are not there."""
    text = page_of(bundles[name])
    text = re.sub(r"<script data-live-part.*?</script>", "", text, flags=re.DOTALL)
    page = open_html(text)
    page.get_by_role("button", name="Run this model here").click()
    page.get_by_text("In a notebook, run the cell.").wait_for()
    first = "ol" if name == "translator" else "code >> nth=0"
    assert page.locator(first).is_visible()
    assert all("ERR_FILE_NOT_FOUND" in problem for problem in page.problems)
    page.problems.clear()


@pytest.mark.parametrize("name", ["translator", "teller"])
def test_a_model_fits_on_a_phone(
    open_live: Callable[..., Any], bundles: dict[str, dict[str, str]], name: str
) -> None:
    page = open_live(name, bundles[name], viewport={"width": 360, "height": 780})
    live(
        page,
        name,
        "(live) => live.shadowRoot.querySelectorAll('details')"
        ".forEach((fold) => { fold.open = true; })",
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = live(
        page,
        name,
        "(live) => [...live.shadowRoot.querySelectorAll('button, [role=gridcell]')]"
        ".map((e) => e.getBoundingClientRect())"
        ".filter((b) => b.width < 24 || b.height < 24).length",
    )
    assert small == 0
