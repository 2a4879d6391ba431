"""Pages of rows, some of which cannot be read."""

from __future__ import annotations

import pytest

from sayso.service.pages import pages

#: Rows by their keys, as a store keeps them; the second of a pair says whether it can be read.
ROWS = [(key, key not in "cdegk") for key in "abcdefghijk"]


@pytest.mark.parametrize("size", range(1, 13))
async def test_every_row_comes_once_and_in_order_wherever_a_page_ends(size: int):
    asked: list[int] = []

    async def read(after: str, limit: int) -> list[tuple[str, bool]]:
        asked.append(limit)
        assert len(asked) < 30, "the same page is read for ever"
        return [row for row in ROWS if row[0] > after][:limit]

    found = [row async for rows in pages(read, lambda row: row[0] if row[1] else None, "", size) for row in rows]

    assert ROWS == found
    assert all(limit % size == 0 for limit in asked)
