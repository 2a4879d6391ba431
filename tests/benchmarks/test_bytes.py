"""Bytes are measured on what the stores themselves write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks import bytes as sizes
from benchmarks import load
from benchmarks.bytes import Bytes
from tests import postgres

CONTACTS = 400


async def test_a_choice_of_a_full_file_logs_whole_pages(tmp_path: Path):
    database = tmp_path / "sayso.db"
    await load.fill(database, CONTACTS)

    measured = await sizes.of_sqlite(database)

    assert CONTACTS == measured.contacts
    assert 3 * 4096 < measured.log_first < 6 * 4096
    assert 0 < measured.row < measured.contact < 3_000
    assert 0 < measured.change < measured.contact
    assert [database] == sorted(tmp_path.glob("*.db"))


@pytest.fixture
def quiet() -> Iterator[str]:
    """An empty database on a server that writes nothing to its log but what is measured: it has no other database, and
    neither checkpoints nor vacuums by itself."""
    settings = {"autovacuum": "off", "checkpoint_timeout": "1d", "max_wal_size": "10GB", "bgwriter_lru_maxpages": "0"}
    with postgres.cluster(**settings) as made, made.database() as url:
        yield url


async def test_a_choice_logs_pages_after_a_checkpoint_and_what_changed_later(quiet: str):
    measured = await sizes.of_postgres(quiet, CONTACTS)

    assert CONTACTS == measured.contacts
    assert measured.log_first > 2 * measured.log_later
    assert 0 < measured.row < measured.contact
    assert 0 < measured.change


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_the_plan_reads_is_there_for_each_engine(engine: str):
    kept = sizes.kept()[engine]

    assert isinstance(kept, Bytes)
    assert kept.contacts >= 20_000
