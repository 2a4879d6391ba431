"""Bodies of JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from sayso.http.json import NotJson, WrongShape, decode
from sayso.http.loose import Second


class Inner(msgspec.Struct):
    name: str


class Needed(msgspec.Struct):
    kind: Literal["a", "b"]


class Outer(msgspec.Struct):
    inner: list[Inner] = []
    number: int = 0
    kind: Literal["a", "b"] = "a"
    few: Annotated[list[int], msgspec.Meta(max_length=2)] = []
    at: Second | None = None
    named: dict[str, str | int | float | bool | None] = {}
    free: dict[str, Any] = {}
    needed: list[Needed] = []


DECODER = msgspec.json.Decoder(Outer)


def test_no_body_is_as_good_as_an_empty_object():
    assert Outer() == decode(b"", DECODER)


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        (b"[]", "", "must be an object, got Array"),
        (b'{"number":"1"}', "number", "must be an integer, got String"),
        (b'{"inner":[{"name":"a"},{"name":1}]}', "inner[1].name", "must be a string, got Integer"),
        (b'{"kind":"c"}', "kind", "must be one of a, b"),
        (b'{"few":[1,2,3]}', "few", "must be an array of at most 2 items"),
        (b'{"at":"noon"}', "at", "must be a Unix timestamp in seconds (integer), got String"),
        (b'{"needed":[{}]}', "needed[0].kind", "must be there, one of a, b"),
        (b'{"named":{"a":1,"b c":[]}}', "named.b c", "must be true or false, a number, a string or null, got Array"),
        (b'{"free":{"a":[1,{"b":2,"c":1e999}]}}', "free.a[1].c", "is out of range"),
        (b'{"free":{"a":' + b"1" * 5000 + b"}}", "free.a", "is out of range"),
        (b'{"free":{"' + b"k" * 999 + b'":1e999}}', "free", "is out of range"),
        (b'{"free":{"alice@example.com":1e999}}', "free", "is out of range"),
        (b'{"free":{"a":1e999,"a":1,"\\ud800":1e999}}', "free", "is out of range"),
        (b'{"free":{"a":[1,1e999],"a":[]}}', "free", "is out of range"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place_in_plain_words(raw: bytes, where: str, what: str):
    with pytest.raises(WrongShape) as wrong:
        decode(raw, DECODER)

    assert (where, what) == (wrong.value.where, wrong.value.what)


@pytest.mark.parametrize(
    ("raw", "decoder", "where"),
    [(b'{"inner":[{}]}', DECODER, "inner[0].name"), (b"{}", msgspec.json.Decoder(Inner), "name")],
)
def test_what_is_missing_is_named_by_its_place(raw: bytes, decoder: msgspec.json.Decoder, where: str):
    with pytest.raises(WrongShape) as wrong:
        decode(raw, decoder)

    assert (where, True) == (wrong.value.where, wrong.value.missing)


@pytest.mark.parametrize("raw", [b"{", b"\xff", b'{"other":"\xff"}', b'{"x":' + b"[" * 100_000, b'{"number":1}}'])
def test_what_cannot_be_read_is_no_json(raw: bytes):
    with pytest.raises(NotJson):
        decode(raw, DECODER)
