"""Read, decide, commit, and again when somebody was faster."""

from __future__ import annotations

import pytest

from sayso.domain.errors import OutcomeUnknown, Stale, Unavailable
from sayso.service import decided as service
from sayso.service.decided import LONGEST, SHORTEST, TRIES, decided
from sayso.service.patience import PATIENCE, WAITING_SINCE


class Story:
    """Commits fail in the order told, then work. What was decided and committed is kept."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.decided = 0
        self.tried: list[int] = []

    async def decide(self) -> int | None:
        self.decided += 1
        return self.decided

    async def commit(self, change: int) -> None:
        self.tried.append(change)
        if self.failures:
            raise self.failures.pop(0)


class Loop:
    """Its time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def test_what_is_decided_is_committed():
    story = Story()

    assert 1 == await decided(story.decide, story.commit)
    assert [1] == story.tried


async def test_a_stale_change_is_decided_anew():
    story = Story(Stale(), Stale())

    assert 3 == await decided(story.decide, story.commit)
    assert [1, 2, 3] == story.tried


async def test_after_five_stale_tries_and_without_patience_nothing_was_written(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "PATIENCE", 0)
    story = Story(*[Stale() for _ in range(TRIES)])

    with pytest.raises(Unavailable, match="nothing was written"):
        await decided(story.decide, story.commit)

    assert 5 == len(story.tried) == story.decided


async def test_after_five_stale_tries_others_follow_each_after_a_pause(monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(service, "sleep", sleep)
    story = Story(*[Stale() for _ in range(50)])

    assert 51 == await decided(story.decide, story.commit)

    assert 51 - TRIES == len(pauses)
    assert all(0 < pause <= LONGEST for pause in pauses)
    assert len(set(pauses)) > len(pauses) / 2


async def test_patience_began_when_the_request_came(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "LONGEST", SHORTEST)
    loop = Loop()
    monkeypatch.setattr(service, "get_running_loop", lambda: loop)
    monkeypatch.setattr(service, "sleep", loop.sleep)
    story = Story(*[Stale() for _ in range(10_000)])
    WAITING_SINCE.set(loop.now - PATIENCE + 0.05)

    with pytest.raises(Unavailable, match="nothing was written"):
        await decided(story.decide, story.commit)

    # Fifty pauses of half the shortest at most, and the last one ends after the time.
    assert TRIES + 0.05 / SHORTEST <= len(story.tried) == story.decided <= TRIES + 2 * 0.05 / SHORTEST + 1


async def test_where_nothing_is_to_be_written_nothing_is_committed():
    story = Story()

    async def decide() -> int | None:
        return None

    assert await decided(decide, story.commit) is None
    assert [] == story.tried


@pytest.mark.parametrize("error", [Unavailable("full"), OutcomeUnknown("who knows")])
async def test_an_unclear_outcome_is_never_tried_again(error: Exception):
    story = Story(error)

    with pytest.raises(type(error)):
        await decided(story.decide, story.commit)

    assert [1] == story.tried
