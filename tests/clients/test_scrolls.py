"""Scrolls over all companies, by programs that real people run: each comes to its end, whatever it takes for one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.clients.connecting import read_by_airbyte, read_by_singer, records
from tests.clients.installing import cached_wheel, installed_for_node
from tests.machine import DEADLINE
from tests.running import Running

FOLDER = Path(__file__).parent


class Filled(NamedTuple):
    """A server, and the ids of all companies that it has."""

    server: Running
    ids: list[str]


@pytest.fixture(scope="module", params=[0, 1, 100, 101], ids="{} companies".format)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with Running(tmp_path_factory.mktemp("scrolls"), SAYSO_RATE_LIMIT="1000000") as server, server.client as client:
        ids = [
            client.post("/companies", json={"company_id": str(number)}).json()["id"] for number in range(request.param)
        ]
        yield Filled(server, ids)


@pytest.mark.parametrize("major", ["4", "5", "6", "7"])
def test_the_client_for_node_comes_to_the_end_of_a_scroll(filled: Filled, major: str):
    installed_for_node()

    assert filled.ids == sorted(_printed(filled.server, FOLDER / "node", "node", "scroll.mjs", major))


def test_the_client_for_python_comes_to_the_end_of_a_scroll(filled: Filled):
    assert [filled.ids] * 2 == _printed(filled.server, FOLDER, sys.executable, "scroll_python.py")


def test_the_client_for_python_before_it_comes_to_the_end_of_a_scroll(filled: Filled):
    older = cached_wheel("python-intercom", "4.0.0")

    said = _printed(filled.server, FOLDER, sys.executable, "scroll_python.py", PYTHONPATH=str(older))

    assert [filled.ids] * 2 == said


def test_tap_intercom_comes_to_the_end_of_a_scroll(filled: Filled, tmp_path: Path):
    said = read_by_singer(filled.server, tmp_path, "companies")

    assert filled.ids == [company["id"] for company in records(said, "companies")]


def test_the_connector_of_airbyte_comes_to_the_end_of_a_scroll(filled: Filled, tmp_path: Path):
    said = read_by_airbyte(filled.server, tmp_path, "companies")

    assert filled.ids == [company["id"] for company in records(said, "companies")]


def _printed(server: Running, folder: Path, *command: str, **environment: str) -> Any:
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "SAYSO_URL": server.url, "SAYSO_TOKEN": server.token, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert 0 == ran.returncode, ran.stderr
    return json.loads(ran.stdout)
