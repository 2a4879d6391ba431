"""A deployment says at its start what is wrong with its databases, and serves where it can."""

from __future__ import annotations

from pathlib import Path

import apsw
import structlog
from tests.sqlite import new_file

from sayso.deployment import opened
from sayso.settings import Settings


async def test_a_schema_that_was_altered_is_logged_at_the_start_and_served(tmp_path: Path):
    path = new_file(tmp_path / "sayso.db")
    with apsw.Connection(str(path)) as connection:
        connection.execute("CREATE TRIGGER swallow AFTER INSERT ON ledger BEGIN DELETE FROM ledger; END")

    with structlog.testing.capture_logs() as lines:
        async with opened(Settings(database_url=f"sqlite:///{path}")) as regions:
            assert [] == await regions.default.workspaces.all()

    assert [
        {
            "event": "the schema was altered",
            "log_level": "warning",
            "region": "us",
            "told": "there is a trigger on ledger: swallow",
        }
    ] == lines
