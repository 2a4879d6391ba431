"""A response: a status, a body, and headers."""

from __future__ import annotations

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json; charset=utf-8"


class Response:
    """`headers` are those beside the content's own type and length."""

    __slots__ = ("body", "headers", "media_type", "status")

    def __init__(
        self, body: bytes, status: int = 200, headers: Headers | None = None, media_type: bytes = JSON
    ) -> None:
        self.body = body
        self.status = status
        self.headers = headers or []
        self.media_type = media_type
