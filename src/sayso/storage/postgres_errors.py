"""What PostgreSQL's errors mean to a caller: told by SQLSTATE and by what had been sent, never by names or texts."""

from __future__ import annotations

import asyncpg

from sayso.domain.errors import OutcomeUnknown, Stale, Unavailable

#: The connection, or the server behind it, is no longer one that writes: all connections are dropped.
_GONE = ("08", "57P0", "25006")

#: After these, a write that was sent may have happened.
_UNCLEAR = ("08", "57P0", "58", "XX")

#: Someone else was there at the same time: nothing was written, decide again.
_RACED = ("40001", "40P01")

#: What a driver raises when the socket is gone.
LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.ConnectionDoesNotExistError)

_WHY = {
    "25006": "The database takes no writes just now",
    "53100": "The database's disk is full",
    "53300": "The database has no connection left",
    "57014": "The database gave up the query",
    "57P03": "The database is starting or stopping",
    "28P01": "The database refused the password",
    "28000": "The database refused the user",
    "3D000": "There is no such database on the server",
}


def is_lost(error: BaseException) -> bool:
    """Whether the socket, and not only the statement, is gone."""
    return isinstance(error, LOST) and not isinstance(error, (asyncpg.DataError, ValueError))


def drops_all(error: BaseException) -> bool:
    """Whether other connections are of no more use either."""
    return is_lost(error) or _state(error).startswith(_GONE)


def translated(error: BaseException, *, sent: bool) -> Exception:
    """What a caller is told. `sent`: a write was under way whose answer is this error.

    A fault of our own, such as a value no column takes, stays what it is.
    """
    state = _state(error)
    if state in _RACED:
        return Stale("somebody was faster")
    if not state and not is_lost(error):
        return error if isinstance(error, Exception) else Unavailable("The database's answer was not waited for")
    if state.startswith("22"):
        return error if isinstance(error, Exception) else Unavailable("")
    if sent and (is_lost(error) or state.startswith(_UNCLEAR)):
        return OutcomeUnknown("The database did not say whether this was written")
    failed = f"The database failed (SQLSTATE {state})" if state else "The connection to the database was lost"
    why = _WHY.get(state, failed)
    return Unavailable(f"{why}; nothing was written", retry_after=5 if state == "53100" else 1)


def late(*, sent: bool) -> Unavailable:
    """What a caller is told when the time is over."""
    if sent:
        return OutcomeUnknown("The database did not say in time whether this was written")
    return Unavailable("The database did not answer in time; nothing was written")


def _state(error: BaseException) -> str:
    return str(error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else ""
