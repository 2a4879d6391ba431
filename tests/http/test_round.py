"""What one round of the loop read is answered, and then sent, back to back."""

from __future__ import annotations

import asyncio

import pytest

from sayso.http.round import TOGETHER, Round


class Wire:
    """Stands for several transports: what was written to them, in order."""

    def __init__(self, told: list[str], name: str) -> None:
        self._told = told
        self._name = name
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self._told.append(f"{self._name} sends {data.decode()}")

    def is_closing(self) -> bool:
        return self.is_closed


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
async def round_() -> Round:
    return Round(asyncio.get_running_loop())


def answering(round_: Round, told: list[str], wire: Wire, name: str):
    def answer() -> None:
        told.append(f"{name} is made")
        round_.send(wire, name.encode())

    return answer


async def passed(times: int = 3) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def test_all_answers_of_a_round_are_made_before_the_first_is_sent(round_, told):
    for name in ("one", "two"):
        round_.add(answering(round_, told, Wire(told, name), name))
    await passed()
    assert told == ["one is made", "two is made", "one sends one", "two sends two"]


async def test_answers_that_had_to_wait_are_sent_together_too(round_, told):
    round_.send(Wire(told, "one"), b"1")
    round_.send(Wire(told, "two"), b"2")
    assert told == []
    await passed()
    assert told == ["one sends 1", "two sends 2"]


async def test_so_many_answers_are_not_held_back_for_one_that_is_still_to_be_made(round_, told):
    for number in range(TOGETHER + 1):
        round_.send(Wire(told, "one"), b"%d" % number)
    assert [f"one sends {number}" for number in range(TOGETHER)] == told
    await passed()
    assert len(told) == TOGETHER + 1


async def test_a_flush_sends_at_once_and_nothing_is_sent_twice(round_, told):
    round_.send(Wire(told, "one"), b"1")
    round_.flush()
    assert told == ["one sends 1"]
    await passed()
    assert told == ["one sends 1"]


async def test_a_transport_that_closed_meanwhile_is_written_to_no_more(round_, told):
    wire = Wire(told, "one")
    round_.send(wire, b"1")
    wire.is_closed = True
    await passed()
    assert told == []


async def test_an_answer_that_fails_holds_up_no_other(round_, told):
    def fail() -> None:
        raise RuntimeError

    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context["exception"]))
    round_.add(fail)
    round_.add(answering(round_, told, Wire(told, "two"), "two"))
    await passed()
    assert told == ["two is made", "two sends two"]
    assert [type(failure) for failure in failures] == [RuntimeError]
