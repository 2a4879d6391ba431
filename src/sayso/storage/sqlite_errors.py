"""SQLite's errors, as callers are told of them."""

from __future__ import annotations

import apsw

from sayso.domain.errors import OutcomeUnknown, Unavailable

_NAMES = {**apsw.mapping_result_codes, **apsw.mapping_extended_result_codes}


def lost_a_sync(error: BaseException) -> bool:
    lost = (apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC)
    return getattr(error, "extendedresult", None) in lost


def translated(error: BaseException, *, committing: bool = False) -> Exception:
    """What a caller is told. A fault of our own, such as a value no column takes, stays what it is."""
    if isinstance(error, apsw.FullError):
        return Unavailable("The disk is full; nothing was written", retry_after=5)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Unavailable("The database is busy; nothing was written")
    if lost_a_sync(error):
        return OutcomeUnknown("The disk failed to sync; it is not known whether this was written", retry_after=5)
    failed = f"The database failed{_code(error)}"
    if committing:
        return OutcomeUnknown(f"{failed}; it is not known whether this was written", retry_after=5)
    if isinstance(error, apsw.Error) or not isinstance(error, Exception):
        return Unavailable(f"{failed}; nothing was written", retry_after=5)
    return error


def _code(error: BaseException) -> str:
    """SQLite's name for an error, which its documentation explains (https://www.sqlite.org/rescode.html)."""
    code = getattr(error, "extendedresult", None)
    # 0 is that of an error which apsw made.
    return f" ({_NAMES[code]})" if code and code in _NAMES else ""
