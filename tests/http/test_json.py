"""Bodies of JSON."""

from __future__ import annotations

import msgspec
import pytest

from sayso.http.json import NotJson, WrongShape, decode


class Inner(msgspec.Struct):
    name: str


class Outer(msgspec.Struct):
    inner: list[Inner] = []
    number: int = 0


DECODER = msgspec.json.Decoder(Outer)


def test_no_body_is_as_good_as_an_empty_object():
    assert Outer() == decode(b"", DECODER)


@pytest.mark.parametrize(
    ("raw", "where"),
    [(b"[]", ""), (b'{"number":"1"}', "number"), (b'{"inner":[{"name":"a"},{"name":1}]}', "inner[1].name")],
)
def test_what_does_not_fit_is_named_by_its_place(raw: bytes, where: str):
    with pytest.raises(WrongShape) as wrong:
        decode(raw, DECODER)

    assert where == wrong.value.where
    assert wrong.value.what.startswith("Expected")


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
