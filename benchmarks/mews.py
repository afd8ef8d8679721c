"""A Mews that costs next to nothing: files go from the page cache to the socket (sendfile).

The sandbox is a good Mews but no fast storage, and on two cores its work would be counted as ours.
``python -m benchmarks.mews FOLDER`` prints its address and serves the parts in FOLDER until its
standard input is closed.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def _handler(folder: Path, entity_type: str) -> type[BaseHTTPRequestHandler]:
    parts = sorted(folder.glob("*.jsonl"), key=lambda path: int(path.stem.split("-")[1]))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            export = {
                "Id": ID,
                "EntityType": entity_type,
                "Status": "Success",
                "Scope": None,
                "Filters": None,
                "ExpiresUtc": "2099-01-01T00:00:00Z",
                "Files": [
                    {
                        "Url": f"http://{self.headers['Host']}/{path.name}",
                        "SizeInBytes": path.stat().st_size,
                    }
                    for path in parts
                ],
            }
            adds = self.path.endswith("/add")
            body = json.dumps({"Export": export} if adds else {"Exports": [export]}).encode()
            self._head(len(body))
            self.wfile.write(body)

        def do_GET(self) -> None:
            with (folder / Path(urlsplit(self.path).path).name).open("rb") as file:
                self._head(file.seek(0, 2))
                file.seek(0)
                self.wfile.flush()
                self.connection.sendfile(file)

        def _head(self, length: int) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Print nothing."""

    return Handler


def main() -> None:
    """Serve a folder of parts."""
    folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), _handler(folder, entity_type=folder.name.split("-")[0])
    )
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
