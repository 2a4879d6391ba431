"""Data events of a contact."""

from __future__ import annotations

from sayso.domain.act import Act
from sayso.domain.contact import Change, Head
from sayso.domain.data_event import DataEvent, DataEventRow, Summary, counted


def submit(head: Head, event: DataEvent, summary: Summary | None, act: Act) -> Change:
    """Decide that a contact did something; `summary` is what was counted under its name before."""
    return _told(head, "data_event.submitted", (event, counted(summary, event)), act)


def summarize(head: Head, summary: Summary, act: Act) -> Change:
    """Decide what was counted under a name: from now on events are added to it."""
    return _told(head, "data_event.summarized", (summary,), act)


def _told(head: Head, kind: str, told: tuple[DataEventRow, ...], act: Act) -> Change:
    return Change(act, kind, head, head.after(act, head.chain, head.standing), told=told)
