"""A classroom without a network: the site served, wheels on a stick."""

import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import pytest

from bilingual_book.errors import BookError
from bilingual_book.project import Project
from bilingual_book.web.serve import addresses, own_addresses, site_server
from bilingual_book.wheelhouse import download_command, install_line, make_wheelhouse


def site(folder: Path) -> Path:
    """A site of one page."""
    folder.mkdir()
    (folder / "index.html").write_text("<p>Bonjour</p>", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("classroom", "bound"), [(False, "127.0.0.1"), (True, "0.0.0.0")]
)
def test_only_a_classroom_is_let_in(
    tmp_path: Path, classroom: bool, bound: str
) -> None:
    server = site_server(site(tmp_path / "site"), classroom=classroom, port=0)
    with server:
        assert server.server_address[0] == bound
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for host in ["127.0.0.1", *(own_addresses() if classroom else [])]:
            address = f"http://{host}:{server.server_port}/"
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert "Bonjour" in answer.read().decode()
        server.shutdown()


def test_the_addresses_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "bilingual_book.web.serve.own_addresses", lambda: ["192.168.1.7"]
    )
    assert list(addresses(8000, classroom=False)) == ["http://localhost:8000"]
    assert list(addresses(8000, classroom=True))[1:] == ["http://192.168.1.7:8000"]


def test_what_is_missing_or_taken_is_said(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="no site yet"):
        site_server(tmp_path, classroom=False, port=0)
    with (
        site_server(site(tmp_path / "site"), classroom=False, port=0) as server,
        pytest.raises(BookError, match="cannot be used"),
    ):
        site_server(tmp_path / "site", classroom=False, port=server.server_port)


@pytest.mark.parametrize(("platform", "elsewhere"), [("linux", True), ("win32", False)])
def test_wheels_only_and_on_linux_without_the_graphics_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, elsewhere: bool
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    command = download_command(tmp_path / "r.txt", tmp_path)
    assert command[2:6] == ["pip", "download", "--requirement", str(tmp_path / "r.txt")]
    assert "--only-binary=:all:" in command
    assert ("--extra-index-url" in command) == elsewhere


def test_a_wheelhouse_holds_what_the_notebooks_need(book: Project) -> None:
    (book.root / "requirements.txt").write_text("# a\na==1\n-e .\n", encoding="utf-8")
    calls: list[Sequence[str]] = []
    seen: list[str] = []

    def run(command: Sequence[str]) -> None:
        calls.append(command)
        wanted = book.build / "wheelhouse" / "requirements.txt"
        seen.append(wanted.read_text(encoding="utf-8"))

    folder = make_wheelhouse(book, run)
    assert [call[3] for call in calls] == ["download", "wheel"]
    assert str(book.root) in calls[1]
    # Fetched before the course's own wheel, which no registry has.
    assert seen[0] == "a==1\n"
    written = (folder / "requirements.txt").read_text(encoding="utf-8")
    assert written == "a==1\ntransformers-explained\n"
    assert "--no-index" in install_line()
