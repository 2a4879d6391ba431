"""Requests byte by byte, for what no HTTP library lets one send."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.machine import DEADLINE


@dataclass(frozen=True)
class Answer:
    status: int
    version: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection, kept open from request to request."""

    def __init__(self, url: str, token: str) -> None:
        where = urlsplit(url)
        assert where.hostname
        assert where.port
        self.host = f"{where.hostname}:{where.port}"
        self.token = token
        self._socket = socket.create_connection((where.hostname, where.port), DEADLINE)
        self._read = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, raw: bytes) -> None:
        self._socket.sendall(raw)

    def head(self, line: str, *headers: str, authorized: bool = True) -> bytes:
        """A request's head: `line` is such as `GET /me`; only Host and Authorization are added."""
        known = [f"Host: {self.host}", *([f"Authorization: Bearer {self.token}"] if authorized else [])]
        return "\r\n".join([f"{line} HTTP/1.1", *known, *headers, "", ""]).encode()

    def ask(self, line: str, *headers: str, body: bytes | None = None, authorized: bool = True) -> Answer:
        """Send a request, with Content-Length where there is a body, and read its answer."""
        length = [] if body is None else [f"Content-Length: {len(body)}"]
        self.send(self.head(line, *headers, *length, authorized=authorized) + (body or b""))
        return self.answer()

    def answer(self) -> Answer:
        """The next answer; what follows it stays to be read."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        line, *rest = head.rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
        version, status = line.split(" ")[:2]
        return Answer(int(status), version, headers, self._exactly(int(headers.get("content-length", "0"))))

    def is_closed(self) -> bool:
        """Whether the server has closed the connection; waits for that."""
        return not self._read and not self._socket.recv(1)

    def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            self._more()
        head, _, self._read = self._read.partition(end)
        return head

    def _exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            self._more()
        body, self._read = self._read[:size], self._read[size:]
        return body

    def _more(self) -> None:
        part = self._socket.recv(65_536)
        if not part:
            raise ConnectionError(f"closed after {self._read!r}")
        self._read += part
