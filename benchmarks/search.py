"""Contacts: found by id, by what names them and by their times; created, and loaded through the API.

`python -m benchmarks.search` measures this part alone, on fewer contacts where `--contacts` says so.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from benchmarks import report_search, servers, wrk
from benchmarks.load import DATA, prepared
from benchmarks.peers.fastapi_orm import filled_from
from benchmarks.results import Encoding, Load, Sample, Search
from benchmarks.servers import Server
from sayso.intercom.shapes.contact import Contact, ContactList

SCRIPT = Path(__file__).with_name("contacts.lua")

#: How many requests of a kind are made ready, of which wrk sends any.
_REQUESTS = 2_000

#: How many pages of a walk are asked for, from the second on.
_PAGES = 200

#: Pages are asked for by few: those on their way when the time is up count for the CPU, and not as requests.
_CONNECTIONS = {"many updated": 4, "few updated": 4}

#: The pool size of the user's stack.
_POOL = 20

_ENCODED = 2_000

#: Version, method, path, body.
Line = tuple[str, str, str, Any]

OLD, EXACT = "2.11", "Preview"


def measured(
    contacts: int, created: int, rounds: int, seconds: float, folder: Path, tell: Callable[[Sample], None]
) -> Search:
    """On `contacts` stored ones; `created` are loaded through the API into an empty database."""
    database, ids = prepared(contacts)
    ours = folder / "search.db"
    shutil.copyfile(database, ours)
    samples: list[Sample] = []
    with ExitStack() as stack:
        sayso = stack.enter_context(servers.sayso(folder, ours))
        kinds = {name: _file(folder, name, lines) for name, lines in _kinds(sayso, ids).items()}
        encodings = [_encoding(name, file, sayso, folder) for name, file in kinds.items()]
        constants = {
            name: stack.enter_context(servers.constant(folder, _body(folder, name), f"constant {name}"))
            for name in kinds
        }
        for round_ in range(rounds):
            for name, file in kinds.items():
                for server in (constants[name], sayso):
                    samples.append(_sample(server, name, _CONNECTIONS.get(name, 64), round_, file, seconds))
                    tell(samples[-1])
    ours.unlink()
    samples += _creates(database, rounds, seconds, folder, tell)
    return Search(contacts, rounds, seconds, samples, encodings, _loaded(created, folder))


def _kinds(sayso: Server, ids: Path) -> dict[str, list[Line]]:
    """Requests by what they ask for."""
    some = random.Random(1).sample(ids.read_text().split(), _REQUESTS // 10)
    known = [sayso.get(f"/contacts/{contact_id}").json() for contact_id in some]
    times = [contact["updated_at"] for contact in known]
    return {
        "id": [(OLD, "GET", f"/contacts/{contact['id']}", None) for contact in known],
        "email": [_search("email", "=", contact["email"]) for contact in known],
        "external_id": [_search("external_id", "=", contact["external_id"]) for contact in known],
        # By the day, and so nearly all of them.
        "many updated": _walk(sayso, min(times) - 86_400, OLD),
        # The loader makes one a millisecond.
        "few updated": _walk(sayso, max(times) - 1, EXACT),
    }


def _search(field: str, operator: str, value: Any, version: str = OLD, **pagination: Any) -> Line:
    asked = {"query": {"field": field, "operator": operator, "value": value}, "pagination": pagination or None}
    return version, "POST", "/contacts/search", asked


def _walk(sayso: Server, since: int, version: str) -> list[Line]:
    """The pages of a walk, from the second on."""
    found, more = [], {}
    for _ in range(_PAGES):
        line = _search("updated_at", ">", since, version, per_page=50, **more)
        following = _asked(sayso, line)["pages"].get("next")
        if more or following is None:
            found.append(line)
        if following is None:
            break
        more = {"starting_after": following["starting_after"]}
    return found


def _asked(server: Server, line: Line) -> Any:
    version, method, path, body = line
    headers = {"Authorization": f"Bearer {servers.TOKEN}", "Intercom-Version": version}
    answer = httpx2.request(method, f"http://127.0.0.1:{server.port}{path}", json=body, headers=headers, timeout=60)
    if answer.status_code != 200:
        raise SystemExit(f"{server.name} answers {path} with {answer.status_code}: {answer.text}")
    return answer.json()


def _file(folder: Path, name: str, lines: list[Line]) -> Path:
    file = folder / f"{name}.requests"
    told = ["\t".join((*line[:3], "" if line[3] is None else json.dumps(line[3]))) for line in lines]
    file.write_text("".join(f"{line}\n" for line in told))
    return file


def _body(folder: Path, name: str) -> Path:
    return folder / f"{name}.body"


def _encoding(name: str, file: Path, sayso: Server, folder: Path) -> Encoding:
    """What it costs to encode an answer of this kind, which the constant-body app does not do; the answer is kept."""
    version, method, path, body = file.read_text().splitlines()[0].split("\t")
    answer = _asked(sayso, (version, method, path, json.loads(body) if body else None))
    _body(folder, name).write_bytes(msgspec.json.encode(answer))
    # 2.11 tells owners as numbers.
    shape = msgspec.convert(answer, Contact if name == "id" else ContactList, strict=False)
    times = []
    for _ in range(_ENCODED // len(answer.get("data", [1]))):
        began = time.perf_counter()
        msgspec.json.encode(shape)
        times.append(time.perf_counter() - began)
    return Encoding(name, len(_body(folder, name).read_bytes()), sorted(times)[len(times) // 2] * 1e6)


def _sample(
    server: Server, name: str, connections: int, round_: int, file: Path | str, seconds: float, start: int = 1
) -> Sample:
    command = wrk.command(server, connections, seconds, SCRIPT, file, start)
    return wrk.measured(server, command, name, connections, round_)


def _creates(
    database: Path, rounds: int, seconds: float, folder: Path, tell: Callable[[Sample], None]
) -> Iterator[Sample]:
    """Contacts created by us and by the user's stack, in databases that hold the same."""
    ours, theirs = folder / "create.db", folder / "orm.db"
    shutil.copyfile(database, ours)
    filled_from(ours, theirs)
    started = 0
    with servers.sayso(folder, ours) as sayso, servers.orm(folder, theirs, _POOL) as peer:
        for round_ in range(rounds):
            for server in (sayso, peer):
                sample = _sample(server, "create", 64, round_, "create", seconds, started)
                started += sample.requests + 128
                tell(sample)
                yield sample
    for path in (ours, theirs):
        path.unlink()


def _loaded(contacts: int, folder: Path) -> Load:
    """Load contacts through the API into an empty database, and look at the server's memory after each part."""
    resident, made, began = [], 0, time.perf_counter()
    with servers.sayso(folder, folder / "loaded.db", "sayso loaded") as server:
        while made < contacts:
            sample = _sample(server, "create", 64, 0, "create", 5, made)
            made += sample.requests + 128
            resident.append(server.memory().resident)
        seconds = time.perf_counter() - began
    for path in folder.glob("loaded.db*"):
        path.unlink()
    return Load(made, seconds, resident)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000, help="how many contacts are stored (1000000)")
    parser.add_argument("--created", type=int, default=1_000_000, help="how many are loaded by the API (1000000)")
    parser.add_argument("--rounds", type=int, default=5, help="how many rounds (5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each load lasts (3)")
    asked = parser.parse_args()
    folder = DATA / "search"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = measured(asked.contacts, asked.created, asked.rounds, asked.seconds, folder, print)
    print(report_search.part(found))


if __name__ == "__main__":
    main()
