"""A response: a status, a body, and header lines."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus

JSON = b"application/json; charset=utf-8"


def line(name: bytes, value: bytes) -> bytes:
    return b"%s: %s\r\n" % (name, value)


class Response:
    """`lines` are the headers as they are sent, each with its end of line, beside the content's own type and length."""

    __slots__ = ("body", "lines", "media_type", "status")

    def __init__(self, body: bytes, status: int = 200, lines: bytes = b"", media_type: bytes = JSON) -> None:
        self.body = body
        self.status = status
        self.lines = lines
        self.media_type = media_type

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The lines taken apart."""
        named = (told.partition(b": ") for told in self.lines.split(b"\r\n")[:-1])
        return [(name, value) for name, _, value in named]


@cache
def beginning(status: int, media_type: bytes) -> bytes:
    """How a response of this kind begins on the wire, up to the length of its body."""
    phrase = HTTPStatus(status).phrase.encode()
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: " % (status, phrase, media_type)
