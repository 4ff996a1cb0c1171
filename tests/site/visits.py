"""What a browser meets on a page."""

from dataclasses import dataclass, field

from playwright.sync_api import Page


@dataclass
class Visit:
    """What went wrong, and what was loaded, while a page was open."""

    origin: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to a page."""
        page.on(
            "console",
            lambda message: (
                self.errors.append(message.text) if message.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("requestfailed", lambda request: self.failures.append(request.url))
        page.on("request", lambda request: self.see(request.url))
        page.on(
            "response",
            lambda answer: (
                self.failures.append(answer.url) if answer.status >= 400 else None
            ),
        )

    def see(self, address: str) -> None:
        """Note a request that leaves the site."""
        if not address.startswith((self.origin, "data:", "blob:")):
            self.strangers.append(address)

    def assert_clean(self) -> None:
        """Fail with what was noted."""
        assert not self.errors, self.errors
        assert not self.strangers, self.strangers
        assert not self.failures, self.failures
