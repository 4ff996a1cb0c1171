"""The built site as a host would serve it: compressed."""

import gzip
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

COMPRESSED = {".html", ".css", ".js", ".svg", ".xml", ".txt", ".ipynb"}


class CompressingHandler(SimpleHTTPRequestHandler):
    """Serve files, the texts among them compressed, and the site's own 404 page.

    That page names its files from the root of the published site, ``prefix``.
    """

    prefix = "/"

    def do_GET(self) -> None:
        """Answer a request."""
        self.path = "/" + self.path.removeprefix(self.prefix).removeprefix("/")
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        status = 200
        if not path.is_file():
            path, status = Path(str(self.directory)) / "404.html", 404
        body = self.read(path)
        self.send_response(status)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Cache-Control", "max-age=600")
        if path.suffix in COMPRESSED:
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read(self, path: Path) -> bytes:
        """What is sent of a file."""
        return path.read_bytes()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
