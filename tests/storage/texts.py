"""Text that engines and locales disagree about: on case, on order, on what is the same, on where a character ends."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from hypothesis import strategies as st

DOTLESS_I = "\N{LATIN SMALL LETTER DOTLESS I}"

#: Each is one character to somebody, and two to somebody else.
PIECES = [
    *"aAzZiIkKsS019",
    # Turkish: I and i are letters with and without a dot, and lower case of one is not the other.
    "İ",
    DOTLESS_I,
    "i\N{COMBINING DOT ABOVE}",
    # German: upper case of ß is two letters; ä sorts with a, or after z.
    *"ßẞäÄöÜ",
    "ss",
    "SS",
    # Greek: lower case of a capital sigma depends on what follows.
    *"σςΣ",
    # The same to a reader, in one code point and in two.
    "é",
    "e\N{COMBINING ACUTE ACCENT}",
    "A\N{COMBINING DIAERESIS}",
    "\N{ANGSTROM SIGN}",
    "\N{KELVIN SIGN}",
    # Several letters in one code point.
    "\N{LATIN SMALL LIGATURE FI}",
    "\N{LATIN CAPITAL LETTER DZ WITH CARON}",
    "\N{LATIN CAPITAL LETTER D WITH SMALL LETTER Z WITH CARON}",
    # Beside the surrogates, where the order of UTF-16 is another than that of UTF-8 and of code points.
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\U00010000",
    "\U0010ffff",
    "\N{SLIGHTLY SMILING FACE}",
    # What a language's order passes over.
    *"-_.'",
    "\N{SOFT HYPHEN}",
    "\N{ZERO WIDTH JOINER}",
    "\N{NO-BREAK SPACE}",
    " ",
    # What patterns, paths and quotes are made of.
    *'%\\*?["$@',
    "\t",
    "\x01",
    "\x7f",
]

TEXTS = st.lists(st.sampled_from(PIECES), max_size=4).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
)


def _near(text: str) -> Iterator[str]:
    """What somebody could take for the same text, and parts of it."""
    yield from (text, text.lower(), text.upper(), text.swapcase(), text.casefold(), text.title())
    yield from (unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC"))
    yield from (f"{text} ", f" {text}", text.strip(), text.replace("I", DOTLESS_I), text.replace("i", "İ"))
    yield from (text[1:], text[:-1], text[:1], text[-1:], text.replace("a", "%"), text.replace("a", "_"))


def near(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(set(_near(text))))


@st.composite
def families(draw: st.DrawFn, most: int = 6) -> list[str]:
    """Different texts, of which some are near others."""
    found = [draw(TEXTS)]
    for _ in range(draw(st.integers(1, most - 1))):
        found.append(draw(TEXTS | near(draw(st.sampled_from(found)))))
    return list(dict.fromkeys(found))
