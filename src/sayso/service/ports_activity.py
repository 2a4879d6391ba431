"""What the services need of the world for activities of contacts, as `ports` says for all."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sayso.domain.activity import ActivityEvent


class Stretch(NamedTuple):
    """Events in the order of their acts. `upto` is the act that the store stopped reading at before it had found enough
    or come to the end; None where it did either."""

    events: list[ActivityEvent]
    upto: str | None


class ActivityStore(Protocol):
    async def read(self, workspace_id: str, after: str, before: str, limit: int) -> Stretch:
        """At most `limit` events of a workspace after one act and before another. Both may be the beginnings of ids, in
        hex digits of whole bytes, which stand before all ids that begin so. Reads a bounded number of rows, however
        many events there are."""
