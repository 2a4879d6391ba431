"""Bodies that no decent client sends: refused in the envelope with nothing changed, or kept and answered as they were."""

import json
import re

import pytest
from tests.cast import ALICE, BOB
from tests.conftest import Acme
from tests.intercom.told import refused, told

from sayso.domain.address import trim
from sayso.intercom.routes import ROUTES

DEEP = 100_000
BODY_LIMIT = 1024 * 1024


async def everything(acme: Acme) -> object:
    """What a hostile body must not change."""
    store, workspace = acme.region.store, acme.workspace.id
    heads = await store.ledger.heads(workspace, "", 1000)
    return [
        [await store.contact.find(workspace, head.contact_id) for head in heads],
        await store.ledger.stored(workspace, "", None),
        await store.subscription_type.all(workspace),
    ]


async def send_everywhere(acme: Acme, alice: str, body: bytes) -> list:
    """The answers of every operation that reads a body, which must have changed nothing."""
    before = await everything(acme)
    answers = [
        await acme.client.post("/contacts", content=body),
        await acme.client.put(f"/contacts/{alice}", content=body),
        await acme.client.post(f"/contacts/{alice}/subscriptions", content=body),
    ]
    assert before == await everything(acme)
    return answers


NOT_JSON = {
    "an open brace": b"{",
    "a closed one": b"}",
    "white space": b"  \n",
    "a word": b"hello",
    "single quotes": b"{'id': '1'}",
    "a comma too many": b'{"id":"1",}',
    "a comment": b'{"id":"1"/**/}',
    "two values": b'{"id":"1"}{"id":"1"}',
    "NaN": b'{"id":NaN}',
    "infinity": b'{"id":-Infinity}',
    "hexadecimal": b'{"id":0x1}',
    "a leading zero": b'{"id":01}',
    "a plus": b'{"id":+1}',
    "no digits": b'{"id":.5}',
    "a NUL byte": b"\x00",
    "a NUL byte in a string": b'{"id":"\x00"}',
    "a NUL byte at the end": b'{"id":"1"}\x00',
    "a control character in a string": b'{"id":"a\x01b"}',
    "a byte order mark": b'\xef\xbb\xbf{"id":"1"}',
    "UTF-16": '{"id":"1"}'.encode("utf-16"),
    "UTF-32": '{"id":"1"}'.encode("utf-32-le"),
    "Latin-1": '{"name":"Zoë"}'.encode("latin-1"),
    "an overlong slash": b'{"id":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"id":"\xed\xa0\x80"}',
    "half a letter": b'{"id":"\xe2\x82"}',
    "broken UTF-8 in an unknown field": b'{"id":"1","email":"new@example.com","x":"\xff"}',
    "broken UTF-8 in a key": b'{"id":"1","email":"new@example.com","\xff":1}',
    "a lone surrogate": b'{"id":"\\ud800","email":"\\ud800"}',
    "surrogates in the wrong order": b'{"id":"\\udc00\\ud800","email":"a"}',
    "a lone surrogate in an unknown field": b'{"id":"1","email":"new@example.com","x":"\\udfff"}',
    "a lone surrogate in a key": b'{"id":"1","email":"new@example.com","\\ud800":1}',
    "deep arrays": b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep arrays left open": b'{"x":' + b"[" * DEEP,
    "deep objects": b'{"x":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "a form": b"id=1&consent_type=opt_in",
    "XML": b"<id>1</id>",
}


async def test_what_is_no_json_is_a_bad_request(acme: Acme):
    alice = await acme.contact(**ALICE)
    for kind, body in NOT_JSON.items():
        for answer in await send_everywhere(acme, alice, body):
            assert (400, "bad_request", None) == refused(answer), kind


ROOTS = [b"null", b"true", b"[]", b"[{}]", b'"x"', b"1", b"-0", b"1.5", b"1e400", b"9" * 5000, b"[" * DEEP]


async def test_a_root_that_is_no_object_is_a_bad_request(acme: Acme):
    alice = await acme.contact(**ALICE)
    for body in ROOTS:
        for answer in await send_everywhere(acme, alice, body):
            assert (400, "bad_request", None) == refused(answer), body[:20]


async def test_no_operation_takes_a_body_that_is_no_object(acme: Acme):
    alice = await acme.contact(**ALICE)
    reading = [(route.method, re.sub(r"{\w+}", alice, route.path)) for route in ROUTES if route.body is not None]
    before = await everything(acme)

    for body in (*NOT_JSON.values(), *ROOTS):
        for method, path in reading:
            status, code, _ = refused(await acme.client.request(method, path, content=body))
            # Where the first thing that is wrong in it is a field, that is told.
            assert (400, True) == (status, code in {"bad_request", "parameter_invalid", "parameter_not_found"}), (
                path,
                body[:20],
            )
    assert before == await everything(acme)


TEXTS = ("external_id", "email", "phone", "name", "language_override")
WRONG = {
    **dict.fromkeys(
        ("email", "phone", "name", "language_override"),
        ("1", "1.5", "true", "[]", "{}", '["x"]', "1e999", "1" + "0" * 400, "1" + "0" * 5000),
    ),
    "external_id": ("1.5", "true", "[]", "{}", '["x"]', "1e999", "1" + "0" * 400, "1" + "0" * 5000),
    "role": ('"admin"', '"User"', '""', "1", "[]", "{}", "true", '"x - at `$.email`"', json.dumps("x" * 100_000)),
    "signed_up_at": (
        '"1"',
        "true",
        "[]",
        "{}",
        "-1",
        "253402300800",
        "1577836800000",
        str(2**63),
        str(2**64),
        "1" + "0" * 400,
    ),
    "last_seen_at": ('"soon"', "false", "[]", "{}", "-9223372036854775809", "1" + "0" * 5000, "1e999"),
    "owner_id": ("true", "[]", "{}", "1.5", '"x"', '"\\u0000"', "0", "-1", str(2**64), "1" + "0" * 400, "1e999"),
    "unsubscribed_from_emails": ("0", "1", '"true"', "[]", "{}", "1.5"),
    "avatar": ("1", "true", "[]", '{"image_url":1}', '{"image_url":[]}', '"\\u0000"', json.dumps("x" * 3_000)),
    "custom_attributes": (
        "1",
        '"x"',
        "true",
        "[]",
        '{"a":[]}',
        '{"a":{}}',
        '{"a":1e999}',
        f'{{"a":{2**63}}}',
        f'{{"a":{2**53 + 1}}}',
        f'{{"a":{-(2**64)}}}',
        '{"a":1' + "0" * 400 + "}",
        '{"a":1' + "0" * 5000 + "}",
        '{"a":"\\u0000"}',
        '{"\\u0000":1}',
        '{"":1}',
        json.dumps({"x" * 191: 1}),
        json.dumps({"a": "x" * 5_000}),
        json.dumps({str(n): n for n in range(300)}),
    ),
}


@pytest.mark.parametrize("field", WRONG)
async def test_a_wrong_value_is_refused_with_the_field_s_name_and_changes_nothing(acme: Acme, field: str):
    alice = await acme.contact(**ALICE)
    before = await everything(acme)
    identity = "" if field in ("email", "external_id") else '"email":"new@example.com",'
    for value in WRONG[field]:
        body = f'{{{identity}"{field}":{value}}}'.encode()

        created = await acme.client.post("/contacts", content=body)
        changed = await acme.client.put(f"/contacts/{alice}", content=body)

        assert [(400, "parameter_invalid", field)] * 2 == [refused(created), refused(changed)], value[:50]
        assert len(created.content) < 1_000, value[:50]
    assert before == await everything(acme)


@pytest.mark.parametrize("value", ["null", "true", "[]", "{}", "1.5", "1e999", "1" + "0" * 5000], ids=lambda v: v[:8])
async def test_a_type_s_id_of_a_wrong_type_is_refused(acme: Acme, value: str):
    alice = await acme.contact(**ALICE)

    answer = await acme.client.post(f"/contacts/{alice}/subscriptions", content=f'{{"id":{value}}}'.encode())

    assert (400, "parameter_invalid", "id") == refused(answer)


@pytest.mark.parametrize(
    "value",
    [
        "-0",
        "-0.0",
        "1e2",
        "0",
        "-1",
        str(2**31),
        str(2**63),
        str(2**64),
        "1" + "0" * 400,
        '""',
        '"\\u0000"',
        '"1\\u0000"',
        '"\\u202e1"',
        '"\\uff11"',
        '" 1"',
        json.dumps("1" * 1_000_000),
    ],
    ids=lambda v: v[:8],
)
async def test_an_id_that_no_type_has_is_not_found(acme: Acme, value: str):
    alice = await acme.contact(**ALICE)

    answer = await acme.client.post(f"/contacts/{alice}/subscriptions", content=f'{{"id":{value}}}'.encode())

    assert (404, "not_found", None) == refused(answer)


async def test_a_nul_in_a_string_is_refused(acme: Acme):
    for field in (*TEXTS, "avatar"):
        answer = await acme.post("/contacts", {**ALICE, field: "a@example.com\0"})
        assert (400, "parameter_invalid", field) == refused(answer)


async def test_a_string_of_nearly_a_megabyte_is_refused(acme: Acme):
    for field in (*TEXTS, "avatar"):
        answer = await acme.post("/contacts", {**ALICE, field: "@" + "x" * 1_000_000})
        assert (400, "parameter_invalid", field) == refused(answer)
        assert len(answer.content) < 1_000


LETTERS = {
    "bidirectional": "\u202egnp.exe\u202c \u2066x\u2069",
    "decomposed": "Zoe\u0308 A\u030a \u1100\u1161",
    "composed": "Zoë Å 가",
    "astral": "\U0001f600\U0010ffff\U0002000b",
    "non-characters": "\ufffe\uffff\ufdd0",
    "the replacement": "\ufffd",
    "a byte order mark inside": "a\ufeffb",
    "zero width": "a\u200b\u200db",
    "control characters": "\x01\x1f\x7f\x85\t\r\n",
    "line separators": "\u2028\u2029",
    "quotes": "\"'`\\/<script>&amp;${x}%s{0}",
    "SQL": "'; DROP TABLE contacts; --",
    "white space": "  a  ",
    "many marks": "a" + "\u0301" * 500,
}


@pytest.mark.parametrize("letters", LETTERS.values(), ids=LETTERS)
async def test_letters_of_any_kind_are_kept_and_answered_as_they_were(acme: Acme, letters: str):
    given = {
        "email": "alice@example.com",
        "external_id": letters[:255],
        "name": letters,
        "phone": letters[:64],
        "custom_attributes": {"said": letters},
    }
    await acme.attributes(said="string")

    created = await acme.post("/contacts", given)

    read = (await acme.get(f"/contacts/{created.json()['id']}")).json()
    assert created.json() == read
    assert {**given, "phone": trim(letters[:64])} == {name: read[name] for name in given}


async def test_composed_and_decomposed_identifiers_are_two(acme: Acme):
    await acme.contact(external_id="Zo\u00eb")

    assert 200 == (await acme.post("/contacts", {"external_id": "Zoe\u0308"})).status_code


NUMBERS = [0, -1, 2**31, 2**53, -(2**53), 0.1, -0.0, 1e22, 5e-324, 1.7976931348623157e308, True, False, None, ""]


async def test_a_custom_attribute_is_answered_as_it_was_given(acme: Acme):
    given = {f"a{number}": value for number, value in enumerate(NUMBERS)}
    types = {bool: "boolean", int: "integer", float: "float"}
    await acme.attributes(**{name: types.get(type(value), "string") for name, value in given.items()})

    created = await acme.post("/contacts", {**ALICE, "custom_attributes": given})

    read = (await acme.get(f"/contacts/{created.json()['id']}")).json()["custom_attributes"]
    assert repr(given) == repr(read)


async def test_minus_zero_is_zero(acme: Acme):
    body = b'{"email":"a@example.com","signed_up_at":-0,"custom_attributes":{"a":-0}}'
    await acme.attributes(a="integer")

    created = (await acme.client.post("/contacts", content=body)).json()

    assert (0, {"a": 0}) == (created["signed_up_at"], created["custom_attributes"])


async def test_of_a_key_that_comes_twice_the_last_counts_and_is_the_one_kept(acme: Acme):
    body = b'{"email":"first@example.com","email":"last@example.com","custom_attributes":{"a":1,"a":2}}'
    await acme.attributes(a="integer")

    created = (await acme.client.post("/contacts", content=body)).json()

    assert ("last@example.com", {"a": 2}) == (created["email"], created["custom_attributes"])
    assert created == (await acme.get(f"/contacts/{created['id']}")).json()


async def test_times_at_the_edges_of_32_bits_are_kept(acme: Acme):
    for number, value in enumerate((0, 2**31 - 1)):
        created = await acme.post("/contacts", {"external_id": str(number), "signed_up_at": value})
        assert (200, value) == (created.status_code, created.json()["signed_up_at"])


async def test_texts_at_their_limits_are_kept(acme: Acme):
    given = {
        "external_id": "e" * 255,
        "email": "a@" + "x" * 252,
        "phone": "1" * 64,
        "name": "\U0001f600" * 1024,
        "language_override": "d" * 35,
        "custom_attributes": {"k" * 190: "v" * 4096},
    }
    await acme.attributes(**{"k" * 190: "string"})

    created = (await acme.post("/contacts", given)).json()

    assert given == {name: created[name] for name in given}


async def test_a_body_of_exactly_a_mebibyte_is_read_and_one_byte_more_is_not(acme: Acme):
    start, end = b'{"email":"alice@example.com","x":"', b'"}'
    body = start + b"x" * (BODY_LIMIT - len(start) - len(end)) + end

    fits = await acme.client.post("/contacts", content=body)
    too_large = await acme.client.post("/contacts", content=body + b" ")

    assert 200 == fits.status_code
    assert (413, "client_error", "The body may have 1048576 bytes at most", None) == told(too_large)


async def test_a_body_that_nobody_reads_may_be_too_large(acme: Acme):
    answer = await acme.client.request("GET", "/me", content=b"x" * (BODY_LIMIT + 1))

    assert 200 == answer.status_code


async def test_an_error_does_not_repeat_what_was_sent(acme: Acme):
    await acme.attributes(known="integer")
    bodies = [
        {"role": "canary@example.com", **BOB},
        {"email": "canary-without-at", "name": "canary"},
        {"owner_id": "canary", **BOB},
        {"custom_attributes": {"unknown": ["canary"]}, **BOB},
        {"custom_attributes": {"unknown": "canary"}, **BOB},
        {"custom_attributes": {"known": "canary"}, **BOB},
    ]

    for body in bodies:
        answer = await acme.post("/contacts", body)
        assert 400 == answer.status_code
        assert "canary" not in answer.text
