"""A workspace's tags, and what becomes of them when some change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.cast import NOON

from sayso.domain import tag as rules
from sayso.domain.errors import Conflict
from sayso.domain.tag import Tag, Tags, TagState


def a_tag(number: int, name: str = "VIP", state: TagState = TagState.LIVE) -> Tag:
    return Tag("acme", str(number), name, state, 1, NOON, NOON)


def test_a_name_finds_its_tag_whatever_its_case_and_the_space_around_it():
    tags = Tags().after([a_tag(1, "VIP"), a_tag(2, "Straße")])

    assert ["1", "2", None] == [found and found.id for found in map(tags.named, (" vip ", "STRASSE", "other"))]


def test_two_tags_that_swap_names_are_found_by_their_new_ones():
    tags = Tags().after([a_tag(1, "a"), a_tag(2, "b")])

    swapped = tags.after([a_tag(1, "b"), a_tag(2, "a")])

    assert ("2", "1") == (swapped.named("a").id, swapped.named("b").id)


def test_the_next_tag_gets_a_number_that_no_tag_had():
    tags = Tags().after([a_tag(1, "a"), a_tag(2, "b", TagState.DELETED)])

    assert "3" == rules.create("acme", "b", tags, NOON).after.id
    assert "8" == rules.create("acme", "b", Tags().after([a_tag(1, "a")], 7), NOON).after.id


def test_a_taken_name_makes_no_tag_and_renames_none():
    tags = Tags().after([a_tag(1, "a"), a_tag(2, "b")])

    assert rules.create("acme", "A", tags, NOON) is None
    with pytest.raises(Conflict):
        rules.rename(tags.by_id["2"], "A", tags, NOON)
    assert "B" == rules.rename(tags.by_id["2"], "B", tags, NOON).after.name


CHANGES = st.lists(
    st.lists(
        st.builds(a_tag, st.integers(1, 6), st.sampled_from(["a", "A", "b", "c"]), st.sampled_from(list(TagState))),
        unique_by=lambda tag: tag.id,
        max_size=4,
    )
)


@given(CHANGES)
def test_tags_after_changes_are_those_read_anew(changes: list[list[Tag]]):
    tags, rows = Tags(), {}
    for changed in changes:
        before = replace(tags), list(tags.by_id.values())
        after = tags.after(changed)
        rows |= {int(tag.id): tag for tag in changed}
        live = [tag for _, tag in sorted(rows.items()) if tag.state is TagState.LIVE]
        # The store takes no second tag with a name.
        assume(len({tag.name.casefold() for tag in live}) == len(live))

        assert live == list(after.by_id.values())
        assert live == [after.named(tag.name) for tag in live]
        assert max(rows, default=0) == after.last
        assert [n for n in range(1, after.last + 1) if str(n) not in after.by_id] == list(
            filter(is_gone(after), range(1, 9))
        )
        assert before == (tags, list(tags.by_id.values()))
        tags = after


def is_gone(tags: Tags) -> Callable[[int], bool]:
    return lambda number: tags.is_gone(str(number))
