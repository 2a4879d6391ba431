"""A server of a module's own, so that a walk through all contacts meets no others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.running import Running


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("quiet"), "--demo") as running:
        yield running
