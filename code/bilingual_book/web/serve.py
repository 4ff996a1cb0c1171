"""Serve the built site: to this machine alone, or to a classroom's network."""

import socket
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bilingual_book.errors import BookError
from bilingual_book.project import Project

PORT = 8000
HERE, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # asked for by --classroom


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing of who reads what."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve(project: Project, *, classroom: bool, port: int = PORT) -> None:
    """Serve until it is interrupted.

    Raises:
        BookError: If there is no site, or somebody else has the port.
    """
    with site_server(project.site, classroom=classroom, port=port) as server:
        for address in addresses(server.server_port, classroom=classroom):
            print(address, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def site_server(site: Path, *, classroom: bool, port: int) -> ThreadingHTTPServer:
    """A server of the site that does not run yet.

    Raises:
        BookError: If there is no site, or somebody else has the port.
    """
    if not (site / "index.html").exists():
        raise BookError("there is no site yet", path=site, fix="make book")
    handler = partial(QuietHandler, directory=str(site))
    try:
        return ThreadingHTTPServer((EVERYWHERE if classroom else HERE, port), handler)
    except OSError as error:
        raise BookError(
            f"port {port} cannot be used: {error.strerror}",
            fix=f"name another one: --port {port + 1}",
        ) from error


def addresses(port: int, *, classroom: bool) -> Iterator[str]:
    """What to type into a browser; in a classroom, on the others' machines too."""
    yield f"http://localhost:{port}"
    if classroom:
        for host in own_addresses():
            yield f"http://{host}:{port}"


def own_addresses() -> list[str]:
    """This machine's addresses on its networks, loopback left out.

    No packet is sent: a socket is asked which address it would send from.
    """
    found = set()
    for target in ("192.168.0.1", "10.0.0.1", "172.16.0.1", "203.0.113.1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
            except OSError:
                continue  # no way there: no network of that kind
            found.add(str(probe.getsockname()[0]))
    return sorted(address for address in found if not address.startswith("127."))
