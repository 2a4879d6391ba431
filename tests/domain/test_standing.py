"""Standing: what was chosen last goes last, and one short line holds it all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.domain.standing import Choice, Standing
from sayso.domain.subscription_type import Channel, TypeId

TYPE_IDS = st.integers(1, 40).map(lambda number: TypeId(str(number)))

#: A step: a choice about a type, or the stop of a channel, or its end.
STEPS = st.one_of(
    st.tuples(st.just("choose"), TYPE_IDS, st.sampled_from(Choice)),
    st.tuples(st.sampled_from(["stop", "lift"]), st.sampled_from(Channel)),
)


def standing_after(steps: list[tuple]) -> Standing:
    standing = Standing()
    for what, *arguments in steps:
        standing = getattr(standing, what)(*arguments)
    return standing


@given(st.lists(STEPS, max_size=60))
def test_a_packed_standing_unpacks_to_itself(steps: list[tuple]):
    standing = standing_after(steps)

    assert standing == Standing.unpacked(standing.packed())


@given(st.lists(STEPS, max_size=60))
def test_each_type_has_one_choice_and_it_is_the_last_one_made(steps: list[tuple]):
    standing = standing_after(steps)

    last = {step[1]: step[2] for step in steps if step[0] == "choose"}
    assert {type_id: choice for type_id, choice in last.items() if choice is not Choice.NONE} == dict(standing.choices)
    assert len(standing.choices) == len(dict(standing.choices))
    assert all(choice is standing.of(type_id) for type_id, choice in last.items())


@given(st.lists(STEPS, max_size=60))
def test_choices_stand_in_the_order_in_which_they_were_made(steps: list[tuple]):
    standing = standing_after(steps)

    made = {step[1]: place for place, step in enumerate(steps) if step[0] == "choose"}
    places = [made[type_id] for type_id, _ in standing.choices]
    assert sorted(places) == places


@given(st.lists(STEPS, max_size=60), TYPE_IDS, st.sampled_from([c for c in Choice if c is not Choice.NONE]))
def test_what_is_chosen_again_goes_last(steps: list[tuple], type_id: TypeId, choice: Choice):
    chosen = standing_after(steps).choose(type_id, choice)

    assert (type_id, choice) == chosen.choices[-1]


@given(st.lists(STEPS, max_size=60), st.sampled_from(Channel))
def test_a_stop_leaves_the_choices_alone_and_its_end_undoes_it(steps: list[tuple], channel: Channel):
    standing = standing_after(steps)

    stopped = standing.stop(channel)

    assert channel in stopped.stops
    assert standing.choices == stopped.choices == stopped.lift(channel).choices
    assert channel not in stopped.lift(channel).stops
    assert stopped == stopped.stop(channel)


@pytest.mark.parametrize("line", ["3x", "g3 ", "!pigeon", "3"])
def test_a_line_that_was_never_packed_is_refused(line: str):
    with pytest.raises((ValueError, KeyError)):
        Standing.unpacked(line)


def test_nothing_chosen_is_an_empty_line():
    assert "" == Standing().packed()
    assert Standing() == Standing.unpacked("")


def test_a_standing_of_few_choices_is_kept_in_memory_and_one_of_many_is_not():
    few, many = (" ".join(f"{type_id}g" for type_id in range(number)) for number in (3, 300))

    for line, is_kept in ((few, True), (many, False)):
        standing = Standing.unpacked(line)
        assert is_kept is (Standing.unpacked(line) is standing)
        chosen = standing.choose(TypeId("1000"), Choice.GRANTED)
        assert f"{line} 1000g" == chosen.packed()
        assert is_kept is (standing.choose(TypeId("1000"), Choice.GRANTED) is chosen)
