"""Markup: HTML that somebody sent, as what is safe to show to somebody else.

What is kept is a short list of tags without attributes, and links to the web or to a mail address. Every other tag
goes, its text stays. One pass, in time that grows with the text alone.
"""

from __future__ import annotations

import re

#: Tags that stand for paragraphs and the like: text outside of them is put into one.
BLOCKS = frozenset({"p", "ul", "ol", "pre", "blockquote", "h1", "h2", "h3", "h4"})

#: Tags open at once; those that would be deeper go.
DEPTH = 32

_INLINE = frozenset({"a", "b", "i", "u", "s", "em", "strong", "code", "li"})
_VOID = frozenset({"br"})
_KEPT = BLOCKS | _INLINE | _VOID

# Neither part can begin where the other may go on, so that no text is looked at twice.
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>")
_ENTITY = re.compile(r"&(?!(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)")
_LINK = re.compile(r"""(?<![^\s"'])href="((?:https?://|mailto:)[^\s"'<>]*)\"""", re.IGNORECASE)


def safe(text: str) -> str:
    """The text as HTML whose tags are known and closed; text of no block becomes a paragraph."""
    page = _Page()
    at = 0
    for tag in _TAG.finditer(text):
        page.text(text[at : tag.start()])
        page.tag(closing=bool(tag[1]), name=tag[2].lower(), attributes=tag[3])
        at = tag.end()
    page.text(text[at:])
    return page.end()


class _Page:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open: list[str] = []

    def text(self, text: str) -> None:
        if not text or (not self._open and text.isspace()):
            return
        self._begin()
        escaped = _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
        self._parts.append(escaped)

    def tag(self, *, closing: bool, name: str, attributes: str) -> None:
        if name not in _KEPT:
            return
        if name in _VOID:
            self._begin()
            self._parts.append(f"<{name}>")
        elif closing:
            self._close(name)
        else:
            self._start(name, attributes)

    def end(self) -> str:
        self._close_down_to(0)
        return "".join(self._parts)

    def _begin(self) -> None:
        if not self._open:
            self._start("p", "")

    def _start(self, name: str, attributes: str) -> None:
        if name in BLOCKS:
            # A paragraph holds no blocks: the one before it ends here.
            self._close("p")
        if name not in BLOCKS:
            self._begin()
        if len(self._open) == DEPTH:
            return
        link = _LINK.search(attributes) if name == "a" else None
        self._parts.append(f'<{name} href="{link[1]}">' if link else f"<{name}>")
        self._open.append(name)

    def _close(self, name: str) -> None:
        if name in self._open:
            self._close_down_to(len(self._open) - 1 - self._open[::-1].index(name))

    def _close_down_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._parts.append(f"</{self._open.pop()}>")
