"""What operators and their machines ask: is it alive, is it ready, what did it do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec

from sayso import __version__
from sayso.domain.errors import SaysoError, Unavailable
from sayso.http.request import Request
from sayso.http.response import Response
from sayso.http.tally import BUCKETS, Tally
from sayso.service.region import Regions

if TYPE_CHECKING:
    from prometheus_client.core import Metric


@dataclass(slots=True)
class Operations:
    """`draining` is set when the server is stopping: it is then no longer ready."""

    regions: Regions
    tally: Tally
    metrics_public: bool
    draining: bool = False

    async def healthz(self, request: Request) -> tuple[str, Response]:
        """The process answers."""
        return "/healthz", Response(msgspec.json.encode({"status": "ok", "version": __version__}))

    async def readyz(self, request: Request) -> tuple[str, Response]:
        """Requests can be served: 200, or 503 with the reasons."""
        reasons = ["the server is stopping"] if self.draining else []
        for name, region in self.regions.by_name.items():
            try:
                await region.store.check()
            except Unavailable as error:
                reasons.append(f"{name}: {error.message}")
        status = "unavailable" if reasons else "ok"
        body = msgspec.json.encode({"status": status, "reasons": reasons})
        return "/readyz", Response(body, 503 if reasons else 200)

    async def metrics(self, request: Request) -> tuple[str, Response]:
        """Prometheus' text form; to loopback, to a token that reads, or to everybody where the settings say so."""
        if not await self._may_see(request):
            body = msgspec.json.encode({"title": "Unauthorized", "status": 401})
            return "/metrics", Response(body, 401, [(b"www-authenticate", b"Bearer")])
        # Imported here: a server that nobody measures starts without it.
        from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        registry.register(_Collector(self.tally))
        return "/metrics", Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST.encode())

    async def _may_see(self, request: Request) -> bool:
        if self.metrics_public or _is_loopback(request.client):
            return True
        region = self.regions.at(request.headers.get(b"host", b"").decode("latin-1"), request.secret)
        try:
            await region.access.authenticate(request.secret)
        except SaysoError:
            return False
        return True


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


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
