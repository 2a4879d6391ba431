"""What a server of several processes takes of the machine, in the terms of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

#: Of these, one process' value stands for all; everything else is added up.
_FOR_ALL: dict[str, Callable[[float, float], float]] = {"process_start_time_seconds": min, "process_max_fds": min}


class Processes:
    """A collector for prometheus_client. Memory that processes share is counted for each of them."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = tuple(pids)

    def collect(self) -> Iterator[Metric]:
        from prometheus_client import ProcessCollector

        found: dict[str, Metric] = {}
        for pid in self._pids:
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                known = found.setdefault(metric.name, metric)
                if known is not metric:
                    _combine(known, metric)
        yield from found.values()


def _combine(known: Metric, more: Metric) -> None:
    from prometheus_client.core import Sample

    how = _FOR_ALL.get(known.name, add)
    samples = zip(known.samples, more.samples, strict=True)
    known.samples = [Sample(one.name, one.labels, how(one.value, other.value)) for one, other in samples]  # type: ignore[no-untyped-call]
