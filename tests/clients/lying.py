"""A server that passes everything on to a real one and lies about one thing."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import httpx2
from tests.machine import DEADLINE


class Lying:
    """It tells that nothing is attached to a contact. `url` is its address."""

    def __init__(self, truthful: str) -> None:
        self._client = httpx2.Client(base_url=truthful, timeout=DEADLINE)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Lying:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(DEADLINE)
        self._server.server_close()
        self._client.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        client = self._client

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {"Authorization": self.headers["Authorization"], "Content-Type": "application/json"}
                told = client.request(self.command, self.path, content=body, headers=headers)
                lie = self.command == "GET" and self.path.endswith("/subscriptions") and told.status_code == 200
                content = b'{"type":"list","data":[]}' if lie else told.content
                self.send_response(told.status_code)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = pass_on  # noqa: N815

            def log_message(self, *told: object) -> None:
                """Nobody reads it."""

        return Handler
