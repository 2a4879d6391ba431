"""Ids, as the world gives them."""

from __future__ import annotations

from uuid import UUID

from tests.cast import NOON

from sayso.service.ids import RandomIds


def test_acts_rise_though_the_clock_stands_still_or_goes_back():
    ids = RandomIds()

    acts = [ids.act(NOON - number // 5_000) for number in range(20_000)]

    assert sorted(set(acts)) == acts


def test_an_act_is_a_uuid_of_version_7_with_the_time_in_front():
    act = RandomIds().act(NOON)

    assert (7, "specified in RFC 4122") == (UUID(act).version, UUID(act).variant)
    assert NOON == int(act[:12], 16)


def test_the_acts_of_two_processes_differ():
    assert RandomIds().act(NOON) != RandomIds().act(NOON)
