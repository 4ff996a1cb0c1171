"""How long a chapter's path is on a telephone: from its title to the quiz."""

import pytest
from near import approach
from playwright.sync_api import Page
from site_pages import CHAPTERS, PROJECT, open_whole
from unconverted import LONG_PATHS

WIDTH, HEIGHT = 360, 780
SCREENS = 20  # at most, folds closed
# What comes after is not the path: quizzes, like exercises, are done, not read.
PATH = """slug => {
  const top = (node) => node.getBoundingClientRect().top;
  const end = document.getElementById(`${slug}-quiz`);
  return top(end) - top(document.querySelector("article h1"));
}"""


def slug_of(address: str) -> str:
    """The slug of a page: `history` of `fr/history.html`."""
    return address.removesuffix(".html").split("/")[1]


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(
            address,
            marks=pytest.mark.xfail(
                address in LONG_PATHS,
                reason="not shortened yet: take it out of tests/unconverted.py",
                strict=True,
            ),
        )
        for address in CHAPTERS
        if slug_of(address) in PROJECT.numbered  # a data card has no path
    ],
)
def test_the_path_of_a_chapter_is_short(page: Page, origin: str, address: str) -> None:
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    requests = open_whole(page, origin + address)
    page.evaluate("document.querySelectorAll('img').forEach(e => e.loading = 'eager')")
    approach(page)  # an explorer is larger alive than at rest
    requests.settle()
    screens = page.evaluate(PATH, slug_of(address)) / HEIGHT
    assert screens <= SCREENS, f"{address}: {screens:.1f} screens"
