"""Photograph pages of the built site, so that anyone can look: `make screenshots`."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import Project

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Width to height of the window and dots per pixel: telephone, tablet, screens.
WINDOWS = {360: (740, 3), 768: (1024, 2), 1280: (900, 1), 1920: (1080, 1)}
READY = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => {
    image.loading = "eager";
    return image.decode();
  }));
}"""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture: what a reader sees of a page.

    Attributes:
        page: Its address in the site, without ``.html``.
        width: Of the window.
        dark: The colours.
        place: What is at the top of the window (CSS); the page's top by default.
        open: A fold that the reader has opened (CSS).
        query: After the ``?`` of the address.
    """

    page: str
    width: int
    dark: bool = False
    place: str = ""
    open: str = ""
    query: str = ""

    @property
    def name(self) -> str:
        """The name of its file, after the number."""
        page = self.page.replace("/", "-")
        return f"{page}-{self.width}-{'dark' if self.dark else 'light'}.png"


# Both languages, light and dark, from the telephone to the wide screen; every kind of
# thing that a page holds.
SHOTS = (
    Shot(page="index", width=1280),
    Shot(page="fr/intro", width=360),
    Shot(page="fr/attention", width=1920),
    Shot(page="en/attention", width=1280, place="#attention-formula"),
    Shot(page="en/attention", width=360, dark=True, place="attention-explorer"),
    Shot(page="fr/translation", width=1280, dark=True, place="#fig-translation-cross"),
    Shot(page="en/bert", width=768, place="#fig-bert-similarity"),
    Shot(
        page="fr/multi-head",
        width=1280,
        place="#ex-multi-head-scale",
        open="#sol-multi-head-scale",
    ),
    Shot(page="en/fine-tuning", width=768, dark=True),
    Shot(page="fr/search", width=1280, query="q=masque"),
)


def take_screenshots(project: Project) -> list[Path]:
    """Write ten pictures of what readers see to `_build/screenshots`.

    Returns:
        Their paths.

    Raises:
        BookError: If there is no site or no Chromium, or a place is not in its page.
    """
    from playwright.sync_api import sync_playwright

    if not project.site.exists():
        raise BookError("there is no site yet", path=project.site, fix="make book")
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        raise BookError("Chromium is missing", fix="apt-get install chromium")
    folder = project.build / "screenshots"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        for number, shot in enumerate(SHOTS, start=1):
            height, dots = WINDOWS[shot.width]
            page = browser.new_page(
                viewport={"width": shot.width, "height": height},
                device_scale_factor=dots,
                is_mobile=shot.width == 360,
                has_touch=shot.width == 360,
                color_scheme="dark" if shot.dark else "light",
                reduced_motion="reduce",
            )
            file = project.site / f"{shot.page}.html"
            page.goto(f"{file.as_uri()}?{shot.query}")
            for place in filter(None, (shot.open, shot.place)):
                if page.locator(place).count() == 0:
                    raise BookError(f"no {place} to photograph", path=file)
            if shot.open:
                page.locator(shot.open).first.evaluate("(fold) => (fold.open = true)")
            page.evaluate(READY)
            if shot.place:
                page.locator(shot.place).first.evaluate("(e) => e.scrollIntoView()")
            paths.append(folder / f"{number:02d}-{shot.name}")
            page.screenshot(path=paths[-1])
            page.close()
            print(paths[-1])
        browser.close()
    return paths
