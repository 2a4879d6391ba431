"""The digest of a workspace: everything it covers changes it, and nothing else does."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785

from sayso.domain.digest import Digest, Digesting, DigestRow
from sayso.domain.settings_log import SettingsHead

ROW = DigestRow(
    b"\x01" * 12, "live", 3, "user", "ada", "ada@example.com", "+15555550100", b"s" * 16, 2, b"h" * 32, b"r" * 16
)
BARE = DigestRow(b"\x02" * 12, "deleted", 1, "lead", None, None, None, b"t" * 16, 0, None, None)
END = SettingsHead(4, b"e" * 32, 0)


def digest_of(*rows: DigestRow | None, end: SettingsHead = END, workspace_id: str = "acme") -> Digest:
    digesting = Digesting(workspace_id)
    for row in rows:
        digesting.add(row)
    return digesting.finish(end)


def test_a_digest_is_of_lines_that_anybody_can_write():
    lines = [
        ["sayso digest", 1, "sayso/acme"],
        ["01" * 12, "live", 3, "user", "ada", "ada@example.com", "+15555550100", "73" * 16, 2, "68" * 32, "72" * 16],
        ["02" * 12, "deleted", 1, "lead", None, None, None, "74" * 16, 0, None, None],
        ["settings", 4, "65" * 32],
    ]

    written = b"".join(rfc8785.dumps(line) + b"\n" for line in lines)

    assert Digest(sha256(written).hexdigest(), 2, 2, 4, 4) == digest_of(ROW, BARE)


OTHERS: dict[str, Any] = {
    "contact_id": b"\x01" * 11 + b"\x00",
    "state": "archived",
    "revision": 4,
    "role": "lead",
    "external_id": None,
    "email": "",
    "phone": "+15555550101",
    "subject": b"S" * 16,
    "head_seq": 3,
    "head_hash": b"H" * 32,
    "r": None,
}


@pytest.mark.parametrize("field", DigestRow._fields)
def test_every_field_counts(field: str):
    assert digest_of(ROW).sha256 != digest_of(ROW._replace(**{field: OTHERS[field]})).sha256


@pytest.mark.parametrize("field", DigestRow._fields)
def test_a_value_of_another_kind_is_another_value(field: str):
    """SQLite keeps bytes where text belongs, and text where bytes belong."""
    value = getattr(ROW, field)
    kinds = [value.hex(), json.dumps(value.hex())] if isinstance(value, bytes) else [str(value).encode(), 1.5]

    found = {digest_of(ROW).sha256, *(digest_of(ROW._replace(**{field: kind})).sha256 for kind in kinds)}

    assert len(kinds) + 1 == len(found)


def test_the_order_the_workspace_the_settings_and_what_cannot_be_read_count():
    found = [
        digest_of(ROW, BARE),
        digest_of(BARE, ROW),
        digest_of(ROW, BARE, None),
        digest_of(ROW, BARE, workspace_id="globex"),
        digest_of(ROW, BARE, end=END._replace(seq=5)),
        digest_of(ROW, BARE, end=END._replace(hash=None)),
        digest_of(ROW),
    ]

    assert len(found) == len({one.sha256 for one in found})
    assert digest_of(ROW, BARE) == digest_of(ROW, BARE, end=END._replace(at=9))
