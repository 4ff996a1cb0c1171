"""Photograph pages of the built site, so that anyone can look: `make screenshots`."""

import shutil

from bilingual_book.errors import BookError
from bilingual_book.project import Project

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Page, width, colours: small and wide, light and dark, both languages.
SHOTS = (
    ("index", 1280, "light"),
    ("index", 360, "dark"),
    ("fr/intro", 1280, "light"),
    ("en/intro", 768, "dark"),
    ("fr/attention", 1920, "light"),
    ("fr/attention", 1280, "dark"),
    ("en/attention", 768, "light"),
    ("en/attention", 360, "light"),
    ("fr/attention", 360, "dark"),
    ("fr/search", 1280, "light"),
)


def take_screenshots(project: Project) -> None:
    """Write ten pictures, each of a whole page, to `_build/screenshots`.

    Raises:
        BookError: If there is no site or no Chromium.
    """
    from playwright.sync_api import sync_playwright

    if not project.site.exists():
        raise BookError("there is no site yet", path=project.site, fix="make book")
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        raise BookError("Chromium is missing", fix="apt-get install chromium")
    folder = project.build / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        for number, (page_name, width, colours) in enumerate(SHOTS, start=1):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
            page.goto((project.site / f"{page_name}.html").as_uri())
            # Late pictures load when they come near: walk through the page once.
            page.evaluate(
                "async () => {"
                " for (let y = 0; y < document.body.scrollHeight; y += 700)"
                " { scrollTo(0, y); await new Promise((r) => setTimeout(r, 30)); }"
                " scrollTo(0, 0); }"
            )
            name = page_name.replace("/", "-")
            path = folder / f"{number:02d}-{name}-{width}-{colours}.png"
            page.screenshot(path=path, full_page=True)
            page.close()
            print(path)
        browser.close()
