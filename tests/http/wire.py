"""Raw bytes to a real server, and what comes back."""

from __future__ import annotations

import json
import select
import socket
import ssl
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.machine import DEADLINE
from tests.running import Running


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection. `answer()` reads one answer; None when the server has closed."""

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection(address, timeout=DEADLINE)
        if context is not None:
            self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._left = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *given: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> Wire:
        self._socket.sendall(data)
        return self

    def reset(self) -> None:
        """Go away without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._socket.close()

    def is_silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long, not even the end."""
        readable, _, _ = select.select([self._socket], [], [], seconds)
        return not readable

    def answer(self, method: str = "GET") -> Answer | None:
        while b"\r\n\r\n" not in self._left:
            more = self._socket.recv(65536)
            if not more:
                assert self._left == b""
                return None
            self._left += more
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        status = int(line.split()[1])
        length = 0 if method == "HEAD" or status == 100 else int(headers["content-length"])
        while len(self._left) < length:
            self._left += self._socket.recv(65536)
        body, self._left = self._left[:length], self._left[length:]
        return Answer(status, headers, body)


def to(server: Running) -> Wire:
    url = urlsplit(server.url)
    return Wire((url.hostname, url.port))


def request(server: Running, line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request with the server's token; a Content-Length where there is a body."""
    lines = [f"{line} HTTP/1.1", "Host: sayso.test", f"Authorization: Bearer {server.token}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
