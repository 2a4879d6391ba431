"""Markup: what is kept of HTML, and that it is safe."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.domain.markup import DEPTH, safe


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Hello", "<p>Hello</p>"),
        ("<p>Hello</p>", "<p>Hello</p>"),
        ("", ""),
        ("  \n ", ""),
        ("one<br/>two", "<p>one<br>two</p>"),
        ("a < b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"),
        ("5 &euro; &amp; &#8364; &x", "<p>5 &euro; &amp; &#8364; &amp;x</p>"),
        ("<B>bold", "<p><b>bold</b></p>"),
        ("<p>one<p>two", "<p>one</p><p>two</p>"),
        ("before<ul><li>one</li></ul>after", "<p>before</p><ul><li>one</li></ul><p>after</p>"),
        ("</p></b>x", "<p>x</p>"),
        ("<script>alert(1)</script>", "<p>alert(1)</p>"),
        ("<img src=x onerror=alert(1)>x<style>y</style>", "<p>xy</p>"),
        ("<b onclick='x()' style=\"y\">x</b>", "<p><b>x</b></p>"),
        ('<a href="https://example.com/?a=1&b">x</a>', '<p><a href="https://example.com/?a=1&b">x</a></p>'),
        ('<a href="mailto:ada@example.com" target=_blank>x</a>', '<p><a href="mailto:ada@example.com">x</a></p>'),
        ('<a href="javascript:alert(1)">x</a>', "<p><a>x</a></p>"),
        ('<a data-href="https://example.com/" href=java>x</a>', "<p><a>x</a></p>"),
        ("<<b>>", "<p>&lt;<b>&gt;</b></p>"),
        ("<!-- x --><?php y?>", "<p>&lt;!-- x --&gt;&lt;?php y?&gt;</p>"),
    ],
)
def test_of_html_the_simple_tags_are_kept_and_closed_and_the_text_of_all(text: str, kept: str):
    assert kept == safe(text)


TAGS = ("<p>", "</p>", "<b>", "</b>", "<ul>", "<li>", "</ul>", "<br>", "<script>", "<svg/onload=x>", "<!--", "-->")
LOOSE = (
    "<a href=",
    '"https://e.x/"',
    '"javascript:x"',
    " onclick=x ",
    "<p",
    "<",
    ">",
    "&",
    "&lt;",
    '"',
    "'",
    " ",
    "é",
    "\n",
)
PIECES = st.sampled_from([*TAGS, *LOOSE])


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.others: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_nothing_that_acts_is_left_whatever_is_sent(text: str):
    seen = Seen()
    seen.feed(safe(text))
    seen.close()

    assert seen.tags <= {"p", "b", "ul", "li", "br", "a"}
    assert all(name == "href" and re.match("https?://|mailto:", value or "") for name, value in seen.attributes)
    assert [] == seen.others


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_what_is_kept_is_kept_as_it_is_the_next_time(text: str):
    assert safe(text) == safe(safe(text))


def test_tags_are_not_nested_without_end():
    assert "<p>" + "<b>" * (DEPTH - 1) + "x" + "</b>" * (DEPTH - 1) + "</p>" == safe("<b>" * 10_000 + "x")
