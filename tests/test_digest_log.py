"""A server that was told to logs the digest of each workspace, beside its requests."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from tests.cast import Clock
from tests.running import Running
from tests.service.conftest import write_story

from sayso import server
from sayso.cli import main
from sayso.domain.errors import Unavailable
from sayso.domain.settings_log import SettingsHead
from sayso.server import log_digests
from sayso.service.digest import digest
from sayso.service.ids import RandomIds
from sayso.service.ports import Store
from sayso.service.region import Region, Regions
from sayso.service.verify_digest import form
from sayso.settings import Settings

DIGEST = '"event": "digest"'


@pytest.fixture
async def regions(store: Store) -> Regions:
    await write_story(store)
    return Regions({"us": Region.on("us", store, Clock(), RandomIds())}, {}, "us")


async def test_the_digest_of_each_workspace_is_logged(regions: Regions):
    region = regions.default
    await region.workspaces.create("Globex")

    with structlog.testing.capture_logs() as lines:
        await log_digests(regions)

    assert [
        {
            "event": "digest",
            "log_level": "info",
            "region": "us",
            "workspace": workspace.id,
            **form(await digest(region.store, workspace.id)),
        }
        for workspace in await region.workspaces.all()
    ] == lines


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited; without waiting."""
    waited: list[float] = []
    sleep = asyncio.sleep

    async def wait(seconds: float) -> None:
        if seconds >= 1:
            waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    return waited


async def test_a_database_that_stays_away_is_told_and_hurts_nobody(
    regions: Regions, waits: list[float], monkeypatch: pytest.MonkeyPatch
):
    async def away(*_: object) -> object:
        raise Unavailable("cannot reach the database", retry_after=5)

    monkeypatch.setattr(regions.default.store.digest, "contacts", away)

    with structlog.testing.capture_logs() as lines:
        await log_digests(regions)

    assert [("no digest", "cannot reach the database")] == [(line["event"], line["told"]) for line in lines]
    assert [5] * (server.DIGEST_TRIES - 1) == waits


@pytest.mark.parametrize("failing", ["workspaces", "contacts"])
async def test_a_database_that_is_away_for_a_while_costs_no_workspace_its_digest(
    regions: Regions, waits: list[float], monkeypatch: pytest.MonkeyPatch, failing: str
):
    region = regions.default
    await region.workspaces.create("Globex")
    place, name = (region.workspaces, "all") if failing == "workspaces" else (region.store.digest, "contacts")
    ask, failures = getattr(place, name), iter(range(server.DIGEST_TRIES - 1))

    async def failing_at_first(*words: object) -> object:
        if next(failures, None) is not None:
            raise Unavailable("cannot reach the database")
        return await ask(*words)

    monkeypatch.setattr(place, name, failing_at_first)

    with structlog.testing.capture_logs() as lines:
        await log_digests(regions)

    assert ["digest", "digest"] == [line["event"] for line in lines]
    assert [1] * (server.DIGEST_TRIES - 1) == waits


async def test_a_workspace_that_cannot_be_read_in_time_is_told_and_the_others_get_their_digests(
    regions: Regions, waits: list[float], monkeypatch: pytest.MonkeyPatch
):
    region = regions.default
    await region.workspaces.create("Globex")
    first, second = [workspace.id for workspace in await region.workspaces.all()]
    contacts = region.store.digest.contacts

    async def slow(workspace_id: str, after: bytes, limit: int) -> Any:
        if workspace_id == first:
            raise Unavailable("The database did not answer in time")
        return await contacts(workspace_id, after, limit)

    monkeypatch.setattr(region.store.digest, "contacts", slow)

    with structlog.testing.capture_logs() as lines:
        await log_digests(regions)

    assert [("no digest", first), ("digest", second)] == [(line["event"], line["workspace"]) for line in lines]


async def test_a_workspace_that_cannot_be_read_is_logged_and_the_others_get_their_digests(
    regions: Regions, monkeypatch: pytest.MonkeyPatch
):
    region = regions.default
    await region.workspaces.create("Globex")
    first, second = [workspace.id for workspace in await region.workspaces.all()]
    head = region.store.settings_log.head

    async def unreadable(workspace_id: str) -> SettingsHead:
        if workspace_id == first:
            b"alice@example.com\xff".decode()
        return await head(workspace_id)

    monkeypatch.setattr(region.store.settings_log, "head", unreadable)

    with structlog.testing.capture_logs() as lines:
        await log_digests(regions)

    assert [("no digest", first), ("digest", second)] == [(line["event"], line["workspace"]) for line in lines]
    assert "UnicodeDecodeError" == lines[0]["error"]
    assert "alice" not in str(lines)


async def test_a_region_that_cannot_be_read_is_logged_and_the_others_get_their_digests(
    regions: Regions, monkeypatch: pytest.MonkeyPatch
):
    async def unreadable() -> object:
        return b"\xff".decode()

    us = regions.default
    eu = Region.on("eu", us.store, Clock(), RandomIds())
    monkeypatch.setattr(us.workspaces, "all", unreadable)

    with structlog.testing.capture_logs() as lines:
        await log_digests(Regions({"us": us, "eu": eu}, {}, "us"))

    assert [("no digest", "us"), ("digest", "eu")] == [(line["event"], line["region"]) for line in lines]


async def test_the_loop_is_free_between_any_two_pages(regions: Regions, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "DIGEST_PAGE", 1)
    monkeypatch.setattr(server, "DIGEST_PAUSE", 0)
    digests = regions.default.store.digest
    read, order = digests.contacts, []

    async def reading(workspace_id: str, after: bytes, limit: int) -> Any:
        order.append(f"page of {limit}")
        return await read(workspace_id, after, limit)

    monkeypatch.setattr(digests, "contacts", reading)
    logging = asyncio.create_task(log_digests(regions))
    while not logging.done():
        order.append("request")
        await asyncio.sleep(0)

    pages = [place for place, what in enumerate(order) if what == "page of 1"]
    # Two readings, each of four contacts and of a page without any.
    assert 10 == len(pages)
    assert all(before + 1 < after for before, after in itertools.pairwise(pages[:5]))


async def test_a_server_that_stops_stops_its_digests_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []

    async def endless(regions: Regions) -> None:
        told.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            told.append("cancelled")

    def stop_soon(serving: server._Server) -> None:
        async def stop() -> None:
            while told[-1:] != ["began"]:
                await asyncio.sleep(0)
            serving.should_exit = True

        stopping.append(asyncio.create_task(stop()))

    async def begin(regions: Regions) -> None:
        pass

    stopping: list[asyncio.Task[None]] = []
    monkeypatch.setattr(server, "log_digests", endless)
    monkeypatch.setattr(server._Server, "heed_signals", stop_soon)
    for name in ("freeze", "set_threshold"):
        monkeypatch.setattr(server.gc, name, lambda *_: None)

    await server.serve(Settings(data_dir=tmp_path, port=0, digest=True), begin, lambda *_: told.append("ready"))

    assert ["ready", "began", "cancelled"] == told


def digest_lines(running: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in running.heard(DIGEST).splitlines() if DIGEST in line]


def verified(*words: str) -> set[tuple[str, str]]:
    said = CliRunner().invoke(main, ["verify", "--json", *words])
    return {(one["workspace_id"], one["digest"]) for one in json.loads(said.stdout)["digests"]}


def test_a_server_that_was_told_to_logs_what_verify_finds(start: Callable[..., Running], tmp_path: Path):
    running = start("--demo", SAYSO_DIGEST="on", SAYSO_LOG_FORMAT="json")

    logged = {(line["workspace"], line["digest"]) for line in digest_lines(running)}

    assert verified("--data-dir", str(tmp_path / "sayso-data")) == logged
    assert 0 == running.stop()


def test_of_several_processes_one_logs_digests(start: Callable[..., Running], database: str):
    running = start("--workers", "2", SAYSO_DIGEST="on", SAYSO_LOG_FORMAT="json", SAYSO_DATABASE_URL=database)
    logged = {(line["workspace"], line["digest"]) for line in digest_lines(running)}
    assert 0 == running.stop()

    assert verified("--database-url", database) == logged
    assert 1 == running.said.count(DIGEST)


def test_a_server_that_was_not_told_to_logs_none(start: Callable[..., Running]):
    running = start("--demo", SAYSO_LOG_FORMAT="json")
    assert 0 == running.stop()

    assert DIGEST not in running.said
