"""A call: a request whose caller, version and route are known."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from sayso.domain.access import Token
from sayso.domain.act import Author
from sayso.domain.errors import Invalid, Malformed, TooLarge
from sayso.domain.subscription_type import SubscriptionType
from sayso.http.json import NotJson, WrongShape, decode
from sayso.http.reader import BODY_LIMIT
from sayso.http.request import BodyTooLarge, Request
from sayso.http.response import Response
from sayso.intercom.versions import Version, downgrade, is_newest
from sayso.service.region import Region
from sayso.service.snapshot import Snapshot

T = TypeVar("T")

_CHANGING = frozenset({"admin", "company", "contact", "data_attribute", "pages", "tag"})


class Call:
    """`names_version`: the client named `version`; else it is the workspace's."""

    __slots__ = (
        "names_version",
        "parameters",
        "region",
        "request",
        "request_id",
        "snapshot",
        "token",
        "version",
        "workspace_id",
    )

    def __init__(
        self,
        request: Request,
        region: Region,
        token: Token,
        snapshot: Snapshot,
        version: Version,
        parameters: list[str],
        request_id: str,
        *,
        names_version: bool,
    ) -> None:
        self.request = request
        self.region = region
        self.token = token
        self.snapshot = snapshot
        self.version = version
        self.parameters = parameters
        self.request_id = request_id
        self.names_version = names_version
        self.workspace_id = token.workspace_id

    @property
    def author(self) -> Author:
        return Author("api_key", self.token.id, "api", self.request_id)

    @property
    def types(self) -> dict[str, SubscriptionType]:
        return self.snapshot.types

    @property
    def admin_id(self) -> str:
        """Of the admin that the token speaks for."""
        return self.snapshot.admins[0].id

    def asks_for(self, name: str) -> bool:
        """Whether the query says yes to this, in whichever spelling programs have for it."""
        return self.request.query.get(name, "").lower() in ("true", "1", "yes", "on")

    def rendered(self, what: str) -> dict[str, Any]:
        """What was rendered of one kind from the workspace's small tables as they are now."""
        return self.snapshot.rendered[what]

    def body(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body as a shape; no body is as good as `{}`. Raises TooLarge, Malformed, Invalid."""
        try:
            raw = self.request.body
        except BodyTooLarge:
            raise TooLarge(f"The body may have {BODY_LIMIT} bytes at most") from None
        try:
            return decode(raw, decoder, loosely=True)
        except NotJson:
            raise Malformed("The body is not valid JSON") from None
        except WrongShape as wrong:
            field = wrong.where.split("[")[0].split(".")[0]
            if not field:
                raise Malformed(f"The body must be a JSON object: it {wrong.what}") from None
            raise Invalid(f"'{wrong.where}' {wrong.what}", field) from None

    def fitting(self, decoder: msgspec.json.Decoder[T]) -> T | None:
        """The body where it is of a shape and in ASCII; None where it is not, whatever it is then."""
        try:
            raw = self.request.body
            return decoder.decode(raw) if raw.isascii() else None
        except (BodyTooLarge, msgspec.DecodeError, RecursionError):
            return None

    def reply(self, shape: msgspec.Struct) -> Response:
        return Response(self.encode(shape))

    def encode(self, shape: msgspec.Struct) -> bytes:
        return encode(self.version, shape)


def encode(version: Version, shape: msgspec.Struct) -> bytes:
    """The shape as JSON, rewritten for a version where that one was different."""
    if is_newest(version, _CHANGING):
        return msgspec.json.encode(shape)
    tree = msgspec.to_builtins(shape)
    downgrade(version, tree)
    return msgspec.json.encode(tree)
