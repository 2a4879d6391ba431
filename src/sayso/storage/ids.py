"""Ids of contacts as they are kept: bytes, half as long as the hex digits, in every key they are part of."""

from __future__ import annotations


def packed(contact_id: str) -> bytes | None:
    """The bytes of an id in lower-case hex digits; None, which no row has, for what is no such id."""
    try:
        kept = bytes.fromhex(contact_id)
    except ValueError:
        return None
    return kept if kept.hex() == contact_id else None
