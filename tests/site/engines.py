"""Chromium, Firefox and WebKit behind one face, by the protocol that each speaks.

Debian has neither geckodriver nor a Playwright that speaks to its browsers. Firefox
answers to Marionette, JSON over a socket; WebKit's own driver to WebDriver, JSON over
HTTP. Both need nothing but the standard library. Chromium comes with Playwright.
"""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

# WebDriver's code of a key that Playwright calls by its name.
KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Tab": "\ue004"}
PATIENCE = 60.0  # seconds until a browser answers, on a busy machine


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pressing(key: str) -> list[dict[str, Any]]:
    """WebDriver's actions for one stroke of a key."""
    strokes = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keyboard", "actions": strokes}]


class Chromium:
    """A page of Playwright's Chromium."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        self.page.goto("about:blank")  # else another place on a page loads nothing
        self.page.goto(address)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, waiting for a promise."""
        call = "([script, given]) => new Function(script).apply(null, given)"
        return self.page.evaluate(call, [script, list(arguments)])

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        self.page.keyboard.press(key)


class Firefox:
    """Firefox through Marionette: `[0, id, command, parameters]`, length first."""

    def __init__(self, profile: Path) -> None:
        port = free_port()
        profile.mkdir(parents=True, exist_ok=True)
        (profile / "user.js").write_text(
            f'user_pref("marionette.port", {port});\n'
            'user_pref("app.update.enabled", false);\n'
            'user_pref("browser.shell.checkDefaultBrowser", false);\n'
            'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n',
            encoding="utf-8",
        )
        self.process = subprocess.Popen(
            [
                *("firefox-esr", "--headless", "--marionette", "--no-remote"),
                *("--profile", str(profile)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.socket = connect(port)
        self.read()  # its greeting
        self.count = 0
        self.command("WebDriver:NewSession", capabilities={})

    def read(self) -> Any:
        """One message."""
        digits = b""
        while (byte := self.receive(1)) != b":":
            digits += byte
        body = b""
        while len(body) < int(digits):
            body += self.receive(int(digits) - len(body))
        return json.loads(body)

    def receive(self, most: int) -> bytes:
        """Bytes from the browser; of one that has ended none would come for ever."""
        if not (received := self.socket.recv(most)):
            raise ConnectionError(f"Firefox has ended: {self.process.poll()}")
        return received

    def command(self, name: str, **parameters: Any) -> Any:
        """Send a command and return its result."""
        self.count += 1
        message = json.dumps([0, self.count, name, parameters]).encode()
        self.socket.sendall(f"{len(message)}:".encode() + message)
        _, _, error, result = self.read()
        if error is not None:
            raise RuntimeError(f"{name}: {error['error']}: {error['message']}")
        if isinstance(result, dict) and set(result) == {"value"}:
            return result["value"]
        return result

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        self.command("WebDriver:Navigate", url="about:blank")
        self.command("WebDriver:Navigate", url=address)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, waiting for a promise."""
        return self.command(
            "WebDriver:ExecuteScript", script=script, args=list(arguments)
        )

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        self.command("WebDriver:PerformActions", actions=pressing(key))

    def resize(self, width: int, height: int) -> None:
        """Set the size of the window."""
        self.command("WebDriver:SetWindowRect", width=width, height=height)

    def photograph(self, path: Path) -> None:
        """Write what is in view as a PNG."""
        data = self.command("WebDriver:TakeScreenshot", full=False)
        path.write_bytes(base64.b64decode(data))

    def close(self) -> None:
        """End the browser."""
        self.socket.close()
        self.process.kill()
        self.process.wait()


class WebKit:
    """WebKitGTK through its WebDriver; without a display it would hang."""

    def __init__(self) -> None:
        port, display = free_port(), f":{free_port()}"
        self.screen = subprocess.Popen(
            ["Xvfb", display, "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.process = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}"],
            env={
                "DISPLAY": display,
                "HOME": str(Path.home()),
                "PATH": "/usr/bin:/bin",
                "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",  # only our own pages
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        connect(port).close()
        self.address = f"http://127.0.0.1:{port}/session"
        options = {"binary": str(mini_browser()), "args": ["--automation"]}
        capabilities = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        started = self.ask("POST", "", {"capabilities": capabilities})
        self.address += "/" + started["sessionId"]

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a command and return its value."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.address + path, data, {"Content-Type": "application/json"}
        )
        request.method = method
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE * 2) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.read().decode()}") from error

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        self.ask("POST", "/url", {"url": "about:blank"})
        self.ask("POST", "/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, waiting for a promise."""
        return self.ask(
            "POST", "/execute/sync", {"script": script, "args": list(arguments)}
        )

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        self.ask("POST", "/actions", {"actions": pressing(key)})

    def resize(self, width: int, height: int) -> None:
        """Set the size of the window: at least 447 wide."""
        self.ask("POST", "/window/rect", {"width": width, "height": height})

    def photograph(self, path: Path) -> None:
        """Write what is in view as a PNG."""
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def close(self) -> None:
        """End the browser and its screen."""
        try:
            self.ask("DELETE", "")
        finally:
            for process in (self.process, self.screen):
                process.kill()
                process.wait()


Engine = Chromium | Firefox | WebKit


def connect(port: int) -> socket.socket:
    """Wait until somebody listens."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE * 2)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def mini_browser() -> Path | None:
    """The browser that WebKit's driver starts."""
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    return found[-1] if found else None


MISSING = {
    "firefox": lambda: [] if shutil.which("firefox-esr") else ["firefox-esr"],
    "webkit": lambda: [
        package
        for package, there in (
            ("webkit2gtk-driver", shutil.which("WebKitWebDriver") and mini_browser()),
            ("xvfb", shutil.which("Xvfb")),
        )
        if not there
    ],
}


@contextmanager
def started(name: str, folder: Path) -> Iterator[Firefox | WebKit]:
    """A browser by name, ended afterwards."""
    engine: Firefox | WebKit = (
        Firefox(folder / "profile") if name == "firefox" else WebKit()
    )
    try:
        yield engine
    finally:
        engine.close()
