"""What the system said of a failure, for messages."""

from __future__ import annotations


def reason(error: BaseException | None, *, with_file: bool = False) -> str:
    """Of an error of the system its text, without its number; `with_file`: and which file it is about."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if with_file and error.filename else error.strerror
