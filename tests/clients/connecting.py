"""Connectors: programs that copy a whole workspace, run unmodified against a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.clients.installing import connector_python
from tests.machine import DEADLINE
from tests.running import Running

_FOLDER = Path(__file__).parent

Lines = list[dict[str, Any]]


def read_by_singer(server: Running, folder: Path, *only: str) -> Lines:
    """What tap-intercom says while it reads every stream of the catalogue that it discovers, or only these."""
    config = {"access_token": server.token, "start_date": "2020-01-01T00:00:00Z", "user_agent": "Sayso's tests"}
    options = ("--config", _write(folder / "config.json", config))
    command = ("tap-intercom", "tap_intercom:main", server)
    catalog = json.loads(_run(*command, *options, "--discover"))
    for stream in catalog["streams"]:
        for part in stream["metadata"]:
            part["metadata"]["selected"] = not only or stream["tap_stream_id"] in only
    return _lines(_run(*command, *options, "--catalog", _write(folder / "catalog.json", catalog)))


def read_by_airbyte(server: Running, folder: Path, *only: str) -> Lines:
    """What airbyte-source-intercom says while it reads every stream that it discovers, or only these."""
    if sys.version_info >= (3, 12):
        pytest.skip("airbyte-source-intercom 0.8.3 runs on Python 3.10 and 3.11 alone")
    config = {"access_token": server.token, "start_date": "2026-01-01T00:00:00Z"}
    options = ("--config", _write(folder / "config.json", config))
    command = ("airbyte-source-intercom", "source_intercom.run:run", server)
    (discovered,) = (line for line in _lines(_run(*command, "discover", *options)) if line["type"] == "CATALOG")
    catalog = {
        "streams": [
            {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
            for stream in discovered["catalog"]["streams"]
            if not only or stream["name"] in only
        ]
    }
    return _lines(_run(*command, "read", *options, "--catalog", _write(folder / "catalog.json", catalog)))


def records(lines: Iterable[dict[str, Any]], stream: str) -> Lines:
    """The records of a stream, in the words of Singer or of Airbyte."""
    said = [
        line["record"] | {"stream": line.get("stream") or line["record"]["stream"]}
        for line in lines
        if line["type"] == "RECORD"
    ]
    return [record.get("data", record) for record in said if record["stream"] == stream]


def _run(name: str, entry: str, server: Running, *arguments: str) -> str:
    ran = subprocess.run(
        [str(connector_python(name)), "redirected.py", entry, *arguments],
        cwd=_FOLDER,
        env={**os.environ, "SAYSO_URL": server.url},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert 0 == ran.returncode, ran.stderr[-5000:] + ran.stdout[-5000:]
    return ran.stdout


def _lines(output: str) -> Lines:
    return [json.loads(line) for line in output.splitlines()]


def _write(path: Path, value: Any) -> str:
    path.write_text(json.dumps(value))
    return str(path)
