"""What SQLite's errors mean to a caller: by SQLite's own names, never by names of classes or by texts."""

from __future__ import annotations

import apsw
import pytest

from sayso.domain.errors import OutcomeUnknown, Unavailable
from sayso.storage.sqlite_errors import translated

REPLY = "what SQLite said, with names and values that are nobody's business"


def error(code: int) -> apsw.Error:
    made: apsw.Error = apsw.exception_for(code)
    return made


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (error(apsw.SQLITE_IOERR_READ), "The database failed (SQLITE_IOERR_READ); nothing was written"),
        (error(apsw.SQLITE_CORRUPT), "The database failed (SQLITE_CORRUPT); nothing was written"),
        (apsw.ConnectionClosedError(REPLY), "The database failed; nothing was written"),
        (KeyboardInterrupt(REPLY), "The database failed; nothing was written"),
        (error(apsw.SQLITE_FULL), "The disk is full; nothing was written"),
        (error(apsw.SQLITE_BUSY), "The database is busy; nothing was written"),
    ],
)
def test_a_failure_is_named_as_sqlite_names_it(failure: BaseException, told: str):
    found = translated(failure)

    assert (Unavailable, told) == (type(found), str(found))


def test_a_commit_that_failed_leaves_it_unknown_whether_it_was_written():
    found = translated(error(apsw.SQLITE_IOERR_WRITE), committing=True)

    assert isinstance(found, OutcomeUnknown)
    assert "The database failed (SQLITE_IOERR_WRITE); it is not known whether this was written" == str(found)


def test_a_fault_of_our_own_stays_what_it_is():
    fault = KeyError(REPLY)

    assert fault is translated(fault)
