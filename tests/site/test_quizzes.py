"""Quizzes in a browser: chosen, written, tried again; plain without script."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from engines import MISSING, Chromium, started
from near import approach
from playwright.sync_api import BrowserContext, Page
from test_accessibility import AXE, CONTRAST, LOOKS, MARKED, run_axe

LARGEST = 8_000  # bytes of script for all quizzes

# Each option in turn, and what is then said: whether it is right, and the reason that
# stands in the fold for it. Written for any browser: the body of a function.
CHOOSE_ALL = """
return [...document.querySelectorAll(".quiz[data-quiz=options]")].map((quiz) => {
  const whys = [...quiz.querySelectorAll(".quiz-answer li")];
  const said = quiz.querySelector("[role=status]");
  const faults = said.textContent ? ["speaks before it is asked"] : [];
  [...quiz.querySelectorAll(".quiz-options > li")].forEach((item, i) => {
    const button = item.querySelector("button");
    button.click();
    const right = item.dataset.right === "true";
    const why = whys[i].textContent.replace(/^\\s*[A-Z]\\.\\s*/, "").trim();
    if (!said.textContent.includes(why)) faults.push(`${i}: another reason`);
    if (said.classList.contains("right") !== right) faults.push(`${i}: verdict`);
    const pressed = quiz.querySelectorAll("[aria-pressed=true]").length;
    if (pressed !== 1) faults.push(`${i}: ${pressed} pressed`);
    if (said.querySelector("[id]")) faults.push(`${i}: a name twice`);
  });
  return [quiz.id, faults];
}).filter(([id, faults]) => faults.length);
"""
# A text into the first field of numbers; what is said: right, and the words.
WRITE = """
const quiz = document.getElementById(arguments[0]);
quiz.querySelector("input").value = arguments[1];
quiz.querySelector("form").requestSubmit();
const said = quiz.querySelector("[role=status]");
return [said.classList.contains("right"), said.textContent.trim()];
"""
NUMBERS = """
return [...document.querySelectorAll(".quiz[data-quiz=number]")].map((quiz) => [
  quiz.id, quiz.dataset.numbers.split(" "), Number(quiz.dataset.right)]);
"""


@pytest.fixture(scope="module")
def asking(site: Path) -> list[str]:
    """The pages that hold quizzes."""
    found = [
        path.relative_to(site).as_posix()
        for path in sorted(site.glob("*/*.html"))
        if ' data-quiz="' in path.read_text(encoding="utf-8")
    ]
    assert found
    return found


def test_the_script_is_small_and_only_where_a_page_asks(site: Path) -> None:
    scripts = list(site.glob("*/_static/quiz.js"))
    assert len(scripts) == 2
    assert all(script.stat().st_size <= LARGEST for script in scripts)
    for path in site.glob("*/*.html"):
        text = path.read_text(encoding="utf-8")
        assert ("_static/quiz.js" in text) == (' data-quiz="' in text), path


def test_every_option_is_answered_with_its_own_reason(
    page: Page, origin: str, asking: list[str]
) -> None:
    problems = {}
    for address in asking:
        page.goto(origin + address)
        approach(page)
        if found := Chromium(page).run(CHOOSE_ALL):
            problems[address] = found
    assert problems == {}


def test_every_number_is_known_with_a_comma_and_a_point(
    page: Page, origin: str, asking: list[str]
) -> None:
    engine = Chromium(page)
    for address in asking:
        page.goto(origin + address)
        approach(page)
        for name, numbers, right in engine.run(NUMBERS):
            for place, number in enumerate(numbers):
                for sign in ".,":
                    text = f" {number.replace('.', sign)} "
                    is_right, said = engine.run(WRITE, name, text)
                    assert is_right == (place == right), (address, name, text, said)
            for text in ("", "many", "1.2.3", "--4"):
                assert not engine.run(WRITE, name, text)[0], (address, name, text)
            # Far from all that is known: said, and no reason made up.
            is_right, said = engine.run(WRITE, name, "123456789")
            assert not is_right
            assert said


@pytest.mark.parametrize(
    ("known", "text", "right"),
    [
        ("1.6", "1,61", True),
        ("1.6", "1.7", False),
        ("1000", "1 000", True),
        ("1000", "1,000", True),
        ("1000", "1\u202f000", True),
        ("6", "6.4", False),
        ("6", "6.0", True),
        ("-12", "\u221212", True),
        ("-12", "12", False),
        ("0.000003", "3e-6", True),
        ("15", "15 %", True),
    ],
)
def test_what_a_number_may_look_like(
    page: Page, origin: str, asking: list[str], known: str, text: str, right: bool
) -> None:
    """The right number of a quiz is replaced before the script reads it."""
    engine = Chromium(page)
    page.add_init_script(
        "document.addEventListener('readystatechange', () => {"
        " const quiz = document.querySelector('.quiz[data-quiz=number]');"
        f" if (quiz) Object.assign(quiz.dataset, {{numbers: '{known}', right: 0}}); }})"
    )
    for address in asking:
        page.goto(origin + address)
        approach(page)
        if numbers := engine.run(NUMBERS):
            assert engine.run(WRITE, numbers[0][0], text)[0] == right
            return
    pytest.fail("no quiz asks for a number")


def test_a_quiz_is_done_with_the_keyboard(
    page: Page, origin: str, asking: list[str]
) -> None:
    page.goto(origin + asking[0])
    approach(page)
    quiz = page.locator(".quiz[data-quiz=options]").first
    quiz.locator(".quiz-choice").first.focus()
    said = quiz.get_by_role("status")
    page.keyboard.press("Enter")
    first = said.inner_text()
    page.keyboard.press("Tab")
    while page.evaluate("!document.activeElement.matches('.quiz-choice')"):
        page.keyboard.press("Tab")  # over a link in the words of an option
    page.keyboard.press("Space")
    assert said.inner_text() not in {"", first}


def test_an_option_is_named_by_its_letter_and_its_words(
    page: Page, origin: str, asking: list[str]
) -> None:
    page.goto(origin + asking[0])
    approach(page)
    item = page.locator(".quiz-options > li").first
    words = item.locator("div").inner_text().split()[0]
    name = item.get_by_role("button").first
    assert "A " in name.aria_snapshot()
    assert words in name.aria_snapshot()


def test_without_script_there_is_the_fold(
    new_context: Callable[..., BrowserContext], origin: str, asking: list[str]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(origin + asking[0])
    assert page.locator(".quiz-choice, .quiz-form").count() == 0
    quiz = page.locator(".quiz").first
    assert not quiz.locator(".quiz-right").is_visible()
    quiz.locator("summary").click()
    assert quiz.locator(".quiz-right").is_visible()


def test_axe_finds_nothing_serious_in_answered_quizzes(
    page: Page, origin: str, asking: list[str]
) -> None:
    page.goto(origin + asking[0])
    approach(page)
    Chromium(page).run(CHOOSE_ALL)
    for name, *_ in Chromium(page).run(NUMBERS):
        Chromium(page).run(WRITE, name, "123456789")
    page.evaluate(AXE)
    plain = f"{{rules: {{'{CONTRAST}': {{enabled: false}}}}}}"
    assert run_axe(page, "document", plain) == []
    for colours in ("light", "dark"):
        page.emulate_media(color_scheme=colours)
        page.evaluate(LOOKS)
        assert run_axe(page, MARKED, f"{{runOnly: '{CONTRAST}'}}") == []


@pytest.mark.parametrize("width", [360, 1280])
def test_an_answered_quiz_fits(
    new_context: Callable[..., BrowserContext],
    origin: str,
    asking: list[str],
    width: int,
) -> None:
    page = new_context(viewport={"width": width, "height": 800}).new_page()
    for address in asking:
        page.goto(origin + address)
        approach(page)
        Chromium(page).run(CHOOSE_ALL)
        beyond = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(beyond) <= 0, address
        small = page.evaluate(
            "[...document.querySelectorAll('.quiz-choice')].filter((b) =>"
            " b.getBoundingClientRect().width < 24).length"
        )
        assert small == 0


@pytest.mark.parametrize("name", sorted(MISSING))
def test_other_browsers_answer_too(
    name: str, tmp_path: Path, origin: str, asking: list[str]
) -> None:
    if missing := MISSING[name]():
        message = f"{name} is missing: apt-get install {' '.join(missing)}"
        if os.environ.get("REQUIRE_ALL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with started(name, tmp_path) as engine:
        for address in (asking[0], asking[-1]):
            engine.open(origin + address)
            approach(engine)
            assert engine.run(CHOOSE_ALL) == []
            for quiz, numbers, right in engine.run(NUMBERS):
                assert engine.run(WRITE, quiz, numbers[right])[0]
