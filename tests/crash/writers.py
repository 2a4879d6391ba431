"""People who change their minds over HTTP while things break, and keep a journal of what was acknowledged."""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks import cpu
from tests.machine import DEADLINE
from tests.running import Running

#: How often things are killed.
KILLS = int(os.environ.get("CRASH_KILLS", "3"))

WRITERS = 8


class Refused(Exception):
    """503, and why."""


@dataclass
class Writer:
    """One person's choices over HTTP, and what was acknowledged of them. `journal` is one line for each 2xx.

    `attached` and `name` are as acknowledged; `trying` is what had no answer when the server went.
    """

    journal: Path
    chance: random.Random
    types: list[str]
    number: int
    contact_id: str = ""
    attached: list[str] = field(default_factory=list)
    name: str = ""
    trying: tuple[str, str] | None = None
    acknowledged: int = 0
    #: Set by each acknowledgement.
    wrote: threading.Event = field(default_factory=threading.Event)
    refused: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def write_until_cut_off(self, url: str, token: str) -> None:
        with closing(connection_to(url)) as connection, suppress(OSError, http.client.HTTPException):
            while True:
                self._act(connection, token)

    def write_until(self, stop: threading.Event, url: str, token: str) -> None:
        """Whatever is refused is looked up when the server answers again: what it said must have been true."""
        with closing(connection_to(url)) as connection:
            while not stop.is_set():
                try:
                    self._act(connection, token)
                except Refused as refused:
                    self.refused.append(str(refused))
                    self._look_up(connection, token, str(refused))

    def look(self, connection: http.client.HTTPConnection, token: str) -> tuple[list[str], str]:
        """What is listed now, and the name."""
        path = f"/contacts/{self.contact_id}"
        listed = self._answer(connection, token, "GET", f"{path}/subscriptions")[1]["data"]
        return [type_["id"] for type_ in listed], self._answer(connection, token, "GET", path)[1]["name"] or ""

    def differences(self, found: list[str], name: str) -> list[str]:
        """What is missing of the acknowledged, given what is listed now; what was being tried may have happened."""
        if (found, name) == (self.attached, self.name):
            self.trying = None
            return []
        if self.trying:
            self._settle()
        if (found, name) == (self.attached, self.name):
            return []
        return [f"{self.contact_id}: {found} {name!r} instead of {self.attached} {self.name!r}"]

    def unrecorded(self, requests: set[str], revisions: Mapping[str, int]) -> list[str]:
        """What was acknowledged and is not in the ledger, or not in the contact's row."""
        lines = [json.loads(line) for line in self.journal.read_text().splitlines()] if self.contact_id else []
        choices = [line for line in lines if line["what"] in ("attach", "detach")]
        missing = [f"request {line['request']}" for line in choices if line["request"] not in requests]
        if len(lines) > revisions.get(self.contact_id, 0):
            missing.append(f"contact {self.contact_id}: {len(lines)} changes were acknowledged")
        return missing

    def _act(self, connection: http.client.HTTPConnection, token: str) -> None:
        if not self.contact_id:
            self.name = ""
            identity = f"{self.number}-{self.chance.getrandbits(64):x}"
            self.contact_id = self._call(connection, token, "POST", "/contacts", {"external_id": identity})["id"]
            return
        path = f"/contacts/{self.contact_id}"
        if self.chance.random() < 0.2:
            name = f"{self.chance.getrandbits(32):x}"
            self.trying = ("name", name)
            self._call(connection, token, "PUT", path, {"name": name})
        elif (type_id := self.chance.choice(self.types)) in self.attached:
            self.trying = ("detach", type_id)
            self._call(connection, token, "DELETE", f"{path}/subscriptions/{type_id}", None)
        else:
            self.trying = ("attach", type_id)
            self._call(connection, token, "POST", f"{path}/subscriptions", {"id": type_id})
        self._settle()

    def _settle(self) -> None:
        """What was tried has happened."""
        assert self.trying
        what, value = self.trying
        if what == "name":
            self.name = value
        elif what == "attach":
            self.attached = [*self.attached, value]
        else:
            self.attached = [one for one in self.attached if one != value]
        self.trying = None

    def _call(self, connection: http.client.HTTPConnection, token: str, method: str, path: str, body: Any) -> Any:
        request_id, answer = self._answer(connection, token, method, path, body)
        # A contact's id is not known before the answer; everybody else's is.
        line = {"contact": answer["id"] if path == "/contacts" else self.contact_id, "request": request_id}
        with self.journal.open("a") as journal:
            journal.write(json.dumps({**line, "what": (self.trying or ("create", ""))[0]}) + "\n")
        self.acknowledged += 1
        self.wrote.set()
        return answer

    def _answer(
        self, connection: http.client.HTTPConnection, token: str, method: str, path: str, body: Any = None
    ) -> tuple[str, Any]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        began = monotonic()
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        self.slowest = max(self.slowest, monotonic() - began)
        if response.status == 503:
            assert int(response.headers["Retry-After"]) > 0, answer
            raise Refused(answer["errors"][0]["message"])
        assert 200 == response.status, answer
        return response.headers["X-Request-Id"], answer

    def _look_up(self, connection: http.client.HTTPConnection, token: str, told: str) -> None:
        if not self.contact_id:
            return
        tried, deadline = self.trying, monotonic() + DEADLINE
        if "nothing was written" in told:
            self.trying = None
        while True:
            try:
                wrong = self.differences(*self.look(connection, token))
                self.lost += [f"{one}; {tried} was answered with: {told}" for one in wrong]
            except Refused:
                if monotonic() > deadline:
                    raise
            else:
                return


def connection_to(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(url.removeprefix("http://"), timeout=DEADLINE)


def journaled(writers: list[Writer]) -> int:
    """How many changes were acknowledged."""
    return sum(writer.acknowledged for writer in writers)


def ready(start: Callable[..., Running], **environment: str) -> tuple[Running, float]:
    """A server that has started, and the CPU seconds that took."""
    began = monotonic()
    server = start("--demo", **environment)
    with server.client as client:
        while client.get("/readyz").status_code != 200:
            assert monotonic() < began + DEADLINE, server.said
    return server, cpu.of_process(server.process.pid)


def type_ids(server: Running) -> list[str]:
    with server.client as client:
        return [type_["id"] for type_ in client.get("/subscription_types").json()["data"]]


def writers_on(server: Running, folder: Path, chance: random.Random) -> list[Writer]:
    types = type_ids(server)
    return [Writer(folder / f"journal-{n}", random.Random(chance.random()), types, n) for n in range(WRITERS)]


def after(server: Running, seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        server.process.wait(seconds)
    server.kill()


def killed_while_writing(server: Running, writers: list[Writer], end: Callable[[], None]) -> None:
    threads = [
        threading.Thread(target=writer.write_until_cut_off, args=(server.url, server.token)) for writer in writers
    ]
    for thread in threads:
        thread.start()
    try:
        end()
    finally:
        killed = server.process.poll()
        server.kill()
        for thread in threads:
            thread.join(DEADLINE)
    assert -9 == (killed if killed is not None else server.process.returncode)
