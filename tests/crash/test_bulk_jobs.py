"""A server is killed in the middle of a bulk job: the next one carries it on, and nobody is created twice."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from tests.machine import DEADLINE
from tests.running import Running

#: A server that is killed when it has carried out a portion of a job, and before it stores how far it is.
_KILLED = """
import os, signal
from sayso.storage.bulk import SqlBulkStore

async def die_at_the_second(self, before, after, advance=SqlBulkStore.advance):
    if before.done:
        os.kill(os.getpid(), signal.SIGKILL)
    await advance(self, before, after)

SqlBulkStore.advance = die_at_the_second
from sayso.cli import main
main(prog_name="sayso")
"""


def test_a_bulk_job_whose_server_is_killed_is_carried_on_by_the_next_one(start: Callable[..., Running]):
    killed = start(program=("-c", _KILLED))
    with killed.client as client:
        job = client.post("/contacts/bulk", json={"contacts": [{"role": "lead"}] * 100}).json()
    killed.process.wait(DEADLINE)

    server, until = start(), monotonic() + DEADLINE
    with server.client as client:
        while job["completed_at"] is None and monotonic() < until:
            job = client.get(f"/contacts/bulk/{job['id']}").json()
        total = client.get("/contacts").json()["total_count"]

    assert ("completed", 100) == (job["state"], total)
