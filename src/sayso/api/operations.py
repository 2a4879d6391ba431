"""What operators and their machines ask: is it alive, is it ready, what did it do, and what is served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso import __version__
from sayso.api.call import reply
from sayso.api.document import Document
from sayso.api.processes import Processes
from sayso.api.shapes.operations import Health, Readiness
from sayso.domain.errors import Unavailable
from sayso.http.crew import Member
from sayso.http.request import Request
from sayso.http.response import JSON, Response, line
from sayso.http.tally import BUCKETS, Tally
from sayso.service.region import Regions

if TYPE_CHECKING:
    from prometheus_client.core import Metric

_NO_SNIFFING = line(b"x-content-type-options", b"nosniff")
_NO_REFERRER = line(b"referrer-policy", b"no-referrer")


@dataclass(slots=True)
class Operations:
    """`draining` is set when the server is stopping: it is then no longer ready. `member` is what a process that serves
    with others is of their crew."""

    regions: Regions
    tally: Tally
    metrics_public: bool
    document: Document
    draining: bool = False
    member: Member | None = None

    async def healthz(self, request: Request) -> Response:
        """The process answers."""
        return reply(Health(__version__))

    async def readyz(self, request: Request) -> Response:
        """Requests can be served: 200, or 503 with the reasons."""
        reasons = ["the server is stopping"] if self.draining else []
        for name, region in self.regions.by_name.items():
            try:
                await region.store.check()
            except Unavailable as error:
                reasons.append(f"{name}: {error.message}")
        if reasons:
            return reply(Readiness("unavailable", reasons), 503)
        return reply(Readiness("ok", []))

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text form. No token is needed where the server is started with `SAYSO_METRICS_PUBLIC`."""
        # Imported here: a server that nobody measures starts without it.
        from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        registry = CollectorRegistry()
        registry.register(Processes(self.member.pids) if self.member else ProcessCollector(registry=None))
        PlatformCollector(registry=registry)
        registry.register(_Collector(self.member.tallied() if self.member else self.tally))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST.encode())

    async def openapi(self, request: Request) -> Response:
        """This description, as OpenAPI 3.1."""
        return Response(self.document.json, 200, _NO_SNIFFING, JSON)

    async def docs(self, request: Request) -> Response:
        """This description, for people."""
        return self._html(*self.document.page)

    async def home(self, request: Request) -> Response:
        """What a browser shows that is pointed at the server."""
        return self._html(*self.document.home)

    def _html(self, page: bytes, policy: str) -> Response:
        lines = line(b"content-security-policy", policy.encode()) + _NO_SNIFFING + _NO_REFERRER
        return Response(page, 200, lines, b"text/html; charset=utf-8")


class _Collector:
    """The tally in prometheus_client's terms, made when asked for."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily("sayso_requests", "Requests answered.", labels=("method", "route", "status"))
        for (method, route, status), count in self._tally.requests.items():
            requests.add_metric((method, route, str(status)), count)
        yield requests
        seconds = HistogramMetricFamily("sayso_request_seconds", "How long answers took.")
        total, buckets = 0, []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self._tally.buckets, strict=True):
            total += count
            buckets.append((bound, total))
        seconds.add_metric((), buckets, self._tally.seconds)
        yield seconds
