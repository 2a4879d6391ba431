"""A call: a request whose caller and route are known."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import msgspec

from sayso.domain.act import Author
from sayso.domain.errors import Invalid, Malformed, Missing, TooLarge
from sayso.http.json import NotJson, WrongShape, decode
from sayso.http.reader import BODY_LIMIT
from sayso.http.request import BodyTooLarge, Request
from sayso.http.response import Response
from sayso.service.access import Caller
from sayso.service.idempotency import Attempt
from sayso.service.region import Region

KEY_LIMIT = 255

T = TypeVar("T")


@dataclass(slots=True)
class Call:
    request: Request
    region: Region
    caller: Caller
    parameters: list[str]

    @property
    def workspace_id(self) -> str:
        return self.caller.token.workspace_id

    @property
    def author(self) -> Author:
        return Author("api_key", self.caller.token.id, "api", "")

    @property
    def raw(self) -> bytes:
        """The body as sent. Raises TooLarge."""
        try:
            return self.request.body
        except BodyTooLarge:
            raise TooLarge(f"The body may have {BODY_LIMIT} bytes at most") from None

    def body(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body as a shape. Raises TooLarge, Malformed, Invalid."""
        try:
            return decode(self.raw, decoder)
        except NotJson:
            raise Malformed("The body is not valid JSON") from None
        except WrongShape as wrong:
            if wrong.missing:
                raise Missing(f"{wrong.where} {wrong.what}", wrong.where) from None
            if not wrong.where:
                raise Malformed(f"The body {wrong.what}") from None
            raise Invalid(f"{wrong.where} {wrong.what}", wrong.where) from None

    def once(self) -> AbstractAsyncContextManager[Attempt]:
        """An attempt under the caller's Idempotency-Key, if there is one. Raises Invalid, KeyReused."""
        request = self.request
        told = b"\0".join((request.method.encode(), "/".join(request.segments).encode(), self.raw))
        key = _key(request.headers.get(b"idempotency-key"))
        return self.region.idempotency.attempt(self.workspace_id, key, sha256(told).hexdigest())


def reply(shape: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(shape), status)


def _key(header: bytes | None) -> str | None:
    """A key, bare or as a quoted string."""
    if header is None:
        return None
    word = header.decode("latin-1")
    if len(word) > 1 and word[0] == word[-1] == '"':
        word = word[1:-1]
    if not 0 < len(word) <= KEY_LIMIT or not word.isascii() or not word.isprintable():
        raise Invalid(f"Idempotency-Key has 1 to {KEY_LIMIT} printable ASCII characters", "Idempotency-Key")
    return word
