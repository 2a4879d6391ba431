"""Words in a line, as SQL that means the same on every engine.

SQLite's LIKE ignores case, PostgreSQL's does not, and both take % and _ for something else than themselves.
"""

from __future__ import annotations


def has_word(line: str, word: str) -> str:
    """The condition that a line, of words with one space between them, has this one; both are SQL."""
    among = f"' ' || {line} || ' '"
    return f"replace({among}, ' ' || {word} || ' ', '') <> {among}"
