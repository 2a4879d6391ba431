"""The code of migration 0010: how many live contacts belong to each company.

Run again, it corrects counts beside servers: on PostgreSQL it locks the companies before it counts, so that whoever
changes a count meanwhile adds to the number that is written here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from sayso.storage.backfill import Batch, read_rows
from sayso.storage.claim import full
from sayso.storage.company import COUNT_MEMBERS

_COMPANIES = """SELECT workspace_id, company_id FROM companies WHERE (workspace_id, company_id) > ($1, $2)
ORDER BY workspace_id, company_id LIMIT $3 OFFSET $4"""

_LOCK = "UPDATE companies SET user_count = user_count WHERE workspace_id = $1 AND company_id = $2"

_SET = "UPDATE companies SET user_count = $3 WHERE workspace_id = $1 AND company_id = $2"


async def count_users(batch: Batch) -> str | None:
    """Count the contacts of the next companies. A company that cannot be read is left out: `verify` names it."""
    # `skip` counts the rows after the key that were dealt with: the key of a row that cannot be read is not known.
    workspace_id, company_id, skip = json.loads(batch.place or '["", "", 0]')
    rows = await read_rows(batch, _COMPANIES, (workspace_id, bytes.fromhex(company_id)), batch.limit, skip)
    keys = [(row[0], row[1]) for row in rows if row]
    await batch.write(_LOCK, keys)
    await batch.write(_SET, await _counted(batch, keys))
    if len(rows) < batch.limit:
        return None
    for row in rows:
        if row is None:
            skip += 1
        else:
            workspace_id, company_id, skip = row[0], row[1].hex(), 0
    return json.dumps([workspace_id, company_id, skip])


async def _counted(batch: Batch, keys: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes, int]]:
    """Each key with the number of the company's contacts."""
    found = dict.fromkeys(keys, 0)
    for workspace_id, group in groupby(keys, lambda key: key[0]):
        for some in full([company_id for _, company_id in group]):
            for company_id, number in await batch.read(COUNT_MEMBERS, workspace_id, *some):
                found[workspace_id, company_id] = number
    return [(*key, number) for key, number in found.items()]
