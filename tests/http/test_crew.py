"""A crew: who is in it, and who has how much to do."""

from __future__ import annotations

from sayso.http.crew import Crew


def test_one_with_more_connections_than_another_is_busier():
    crew = Crew(3, 60)
    one, two, three = (crew.member(number, number + 1) for number in range(3))
    one.told(2)
    two.told(1)
    three.told(1)

    assert [True, False, False] == [member.is_busier() for member in (one, two, three)]
    one.told(1)
    assert [False, False, False] == [member.is_busier() for member in (one, two, three)]


def test_one_that_takes_another_s_place_has_its_number_and_none_of_its_connections():
    crew = Crew(2, 60)
    first, other = crew.member(0, 11), crew.member(1, 12)
    first.told(5)
    other.told(3)
    assert not other.is_busier()
    successor = crew.member(0, 13)

    assert other.is_busier()
    assert [13, 12] == successor.pids == other.pids


def test_only_those_that_have_begun_are_counted():
    crew = Crew(4, 60)

    assert [7] == crew.member(2, 7).pids
