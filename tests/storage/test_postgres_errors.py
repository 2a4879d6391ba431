"""What PostgreSQL's errors mean to a caller: by SQLSTATE, and by what had been sent."""

from __future__ import annotations

import asyncpg
import pytest

from sayso.domain.errors import OutcomeUnknown, SaysoError, Stale, Unavailable
from sayso.storage.postgres_errors import drops_all, late, translated

REPLY = "an answer of the server's, with names and values that are nobody's business"


def error(state: str) -> asyncpg.PostgresError:
    return asyncpg.PostgresError.new({"C": state, "M": REPLY, "S": "ERROR"})


@pytest.mark.parametrize(
    ("state", "told", "told_of_a_write"),
    [
        ("40001", Stale, Stale),
        ("40P01", Stale, Stale),
        ("25006", Unavailable, Unavailable),
        ("53100", Unavailable, Unavailable),
        ("53300", Unavailable, Unavailable),
        ("55P03", Unavailable, Unavailable),
        ("57014", Unavailable, Unavailable),
        ("57P01", Unavailable, OutcomeUnknown),
        ("57P03", Unavailable, OutcomeUnknown),
        ("08006", Unavailable, OutcomeUnknown),
        ("58030", Unavailable, OutcomeUnknown),
        ("XX000", Unavailable, OutcomeUnknown),
        ("23505", Unavailable, Unavailable),
        ("42P01", Unavailable, Unavailable),
    ],
)
def test_an_error_is_told_by_its_state_and_by_whether_a_write_was_sent(
    state: str, told: type[SaysoError], told_of_a_write: type[SaysoError]
):
    assert told is type(translated(error(state), sent=False))
    assert told_of_a_write is type(translated(error(state), sent=True))


@pytest.mark.parametrize("lost", [ConnectionResetError(REPLY), asyncpg.ConnectionDoesNotExistError(REPLY)])
def test_a_lost_socket_leaves_it_unknown_whether_a_write_was_done(lost: Exception):
    assert Unavailable is type(translated(lost, sent=False))
    assert OutcomeUnknown is type(translated(lost, sent=True))


@pytest.mark.parametrize("fault", [asyncpg.DataError(REPLY), KeyError(REPLY), error("22003")])
def test_a_fault_of_our_own_stays_what_it_is(fault: Exception):
    assert fault is translated(fault, sent=True)


def test_only_what_is_known_is_said_of_a_write():
    known = [translated(error("53100"), sent=True), late(sent=False)]
    unknown = [translated(error("57P01"), sent=True), late(sent=True)]

    assert ["nothing was written" in str(told) for told in known] == [True, True]
    assert ["nothing was written" in str(told) for told in unknown] == [False, False]


def test_a_failure_is_named_by_its_sqlstate_and_never_by_a_class_of_ours():
    failed, lost = translated(error("42P01"), sent=False), translated(ConnectionResetError(REPLY), sent=False)

    assert "The database failed (SQLSTATE 42P01); nothing was written" == str(failed)
    assert "The connection to the database was lost; nothing was written" == str(lost)


@pytest.mark.parametrize("state", ["40001", "25006", "53300", "57P01", "08006", "XX000", "23505"])
def test_what_the_server_said_is_repeated_to_nobody(state: str):
    assert REPLY not in str(translated(error(state), sent=True))


@pytest.mark.parametrize(
    ("state", "all_of_them"), [("25006", True), ("57P01", True), ("08006", True), ("40001", False)]
)
def test_after_a_fail_over_every_connection_leads_to_the_wrong_server(state: str, all_of_them: bool):
    assert all_of_them is drops_all(error(state))
    assert drops_all(ConnectionResetError())
    assert not drops_all(asyncpg.DataError(REPLY))
