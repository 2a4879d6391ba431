"""A twin's clock and its faults."""

from __future__ import annotations

import asyncio

import pytest
from tests.cast import NOON, Clock
from tests.machine import DEADLINE

from sayso.domain.errors import Invalid
from sayso.domain.fault import Fault, FaultKind
from sayso.service.twin import LAST_SECOND, MOST_FAULTS, Faults, TwinClock


def test_a_clock_goes_with_the_machine_s_until_it_is_set_and_again_after_its_release(clock: Clock):
    twin = TwinClock(clock)
    clock.pass_(1_000)
    assert (NOON + 1_000, False) == (twin(), twin.frozen)

    twin.set(1.5)
    clock.pass_(1_000)
    assert (1_500, True) == (twin(), twin.frozen)
    twin.advance(60)
    assert (61_500, True) == (twin(), twin.frozen)

    twin.release()
    assert (NOON + 2_000, False) == (twin(), twin.frozen)


def test_a_clock_that_goes_is_put_forward_and_goes_on(clock: Clock):
    twin = TwinClock(clock)
    twin.advance(3_600)
    twin.advance(0.25)
    clock.pass_(1_000)

    assert (NOON + 3_601_250, False) == (twin(), twin.frozen)


@pytest.mark.parametrize("seconds", [-1, LAST_SECOND + 1, float("nan"), float("inf")])
def test_a_clock_keeps_to_times_that_ids_can_tell(clock: Clock, seconds: float):
    twin = TwinClock(clock)
    for move in (twin.set, twin.advance):
        with pytest.raises(Invalid):
            move(seconds)

    assert NOON == twin()


def test_the_first_fault_that_fits_is_spent_as_often_as_it_was_asked_for():
    faults = Faults()
    faults.add(Fault(FaultKind.CUT, method="POST"))
    faults.add(Fault(FaultKind.FAILED, times=2))

    taken = [faults.take(method, None, []) for method in ("GET", "POST", "GET", "GET")]

    assert ["500", "cut", "500", None] == [fault and fault.kind for fault in taken]
    assert () == faults.waiting


def test_no_more_faults_wait_than_may():
    faults = Faults()
    for _ in range(MOST_FAULTS):
        faults.add(Fault(FaultKind.CUT))

    with pytest.raises(Invalid):
        faults.add(Fault(FaultKind.CUT))


async def test_what_is_held_back_is_let_go_when_faults_are_forgotten():
    faults = Faults()
    held = asyncio.create_task(faults.hold_back(600))
    await asyncio.sleep(0)
    assert not held.done()

    faults.clear()

    await asyncio.wait_for(held, DEADLINE)
