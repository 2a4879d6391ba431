"""A request's parts."""

from base64 import b64encode

import pytest

from sayso.http.request import BodyTooLarge, Fields, Request


def request(target: bytes = b"/", body: bytes | None = b"", **headers: bytes) -> Request:
    given = Fields({name.encode(): value for name, value in headers.items()})
    return Request("GET", target, given, body, "127.0.0.1")


@pytest.mark.parametrize(
    ("target", "segments", "query"),
    [
        (b"/contacts/1", ["contacts", "1"], {}),
        (b"//contacts//1/", ["contacts", "1"], {}),
        (b"/a%2Fb/c%20d", ["a/b", "c d"], {}),
        (b"/%C3%BC", ["ü"], {}),
        (b"/%00", ["\0"], {}),
        (b"/?a=1&a=2&b=&c", [], {"a": "2", "b": "", "c": ""}),
        (b"/?a=%C3%BC+%26", [], {"a": "ü &"}),
        (b"/?a=%FF", [], {"a": "\ufffd"}),
        (b"http://example.com/me?x=1", ["me"], {"x": "1"}),
        (b"http://example.com", [], {}),
        (b"*", [], {}),
    ],
)
def test_a_target_falls_into_segments_and_a_query(target, segments, query):
    made = request(target)

    assert (segments, query) == ([part for part in made.segments if part != "*"], made.query)


@pytest.mark.parametrize("target", [b"/%FF", b"/contacts/%ED%A0%80", b"/%C0%AF"])
def test_a_path_that_is_no_utf_8_names_nothing(target):
    made = request(target)

    with pytest.raises(UnicodeDecodeError):
        _ = made.segments


@pytest.mark.parametrize(
    ("header", "secret"),
    [
        (b"Bearer abc", b"abc"),
        (b"bearer   abc  ", b"abc"),
        (b"Basic " + b64encode(b"abc:"), b"abc"),
        (b"Basic " + b64encode(b"abc:def:ghi"), b"abc"),
        (b"Basic " + b64encode(b"abc"), b"abc"),
        (b"BASIC  " + b64encode(b"abc:") + b" ", b"abc"),
        (b"Basic abc", b""),
        (b"Basic \xff", b""),
        (b"Bearer", b""),
        (b"abc", b""),
        (b"", b""),
    ],
)
def test_the_credential_is_a_bearer_token_or_basic_s_user_name(header, secret):
    assert secret == request(authorization=header).secret


def test_a_body_that_was_too_large_to_keep_is_told_when_it_is_wanted():
    made = request(body=None)

    with pytest.raises(BodyTooLarge):
        _ = made.body
