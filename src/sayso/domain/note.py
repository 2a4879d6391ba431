"""Notes: what an admin wrote down about a contact or a company."""

from __future__ import annotations

import re

from sayso.domain.act import Act
from sayso.domain.contact import Change, Contact, linked
from sayso.domain.errors import Invalid, Missing
from sayso.domain.links import Note
from sayso.domain.markup import safe

#: How many characters a note has at most, as sent and as kept.
BODY_LIMIT = 32_768

_MARK = re.compile(r"<[^<>]*>")


def body(text: str) -> str:
    """The body of a note as it is kept: safe HTML, in paragraphs. Raises Missing, Invalid."""
    if "\0" in text:
        raise Invalid("body must not hold a NUL character", "body")
    if len(text) > BODY_LIMIT:
        raise _too_long()
    kept = safe(text)
    if not _MARK.sub("", kept).strip():
        raise Missing("body must hold some text", "body")
    if len(kept) > BODY_LIMIT:
        raise _too_long()
    return kept


def create(contact: Contact, note_id: str, author_id: str, text: str, act: Act) -> Change:
    """Decide a new note on a contact; `text` is a body as it is kept."""
    notes = contact.links.notes.with_note(note_id)
    note = Note(note_id, author_id, text, act.at)
    return linked(contact, "contact.noted", contact.links._replace(notes=notes), act, put=(note,))


def _too_long() -> Invalid:
    return Invalid(f"body has at most {BODY_LIMIT} characters", "body")
