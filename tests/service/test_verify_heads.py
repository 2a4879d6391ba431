"""Heads that were saved, and found again in a database that has grown."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cast import AUTHOR, NOON, Clock
from tests.service.conftest import choose, new_contact, write_story
from tests.sqlite import new_file

from sayso.domain.access import Scope
from sayso.domain.errors import Invalid
from sayso.domain.standing import Choice
from sayso.service import verify_heads
from sayso.service.ids import RandomIds
from sayso.service.ports import HeadRow, Store, Unreadable
from sayso.service.region import Region
from sayso.service.verify import verify
from sayso.service.verify_heads import TITLE, OldHeads, SavedHead, heads, parsed
from sayso.storage import store as stores
from sayso.storage.engine import Statement


async def saved_by(store: Store) -> list[SavedHead]:
    return [head async for head in heads(store)]


async def problems(store: Store, saved: list[SavedHead], only: str | None = None) -> list[str]:
    return [problem.what for problem in (await verify(store, only, OldHeads(saved))).problems]


async def test_every_head_is_saved_and_found_again_when_chains_have_grown(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(verify_heads, "BATCH", 2)
    workspace, contacts = await write_story(store)
    region = Region.on("us", store, Clock(NOON), RandomIds())

    saved = await saved_by(store)

    assert ["settings", *["subject"] * 4] == [one.subject if one.subject == "settings" else "subject" for one in saved]
    assert [0, 5, 5, 5] == sorted(one.seq for one in saved[1:])
    assert [] == await problems(store, saved)
    for contact in (contacts[0], contacts[3]):
        await choose(region, workspace, contact, "1", Choice.GRANTED)
        await choose(region, workspace, contact, "1", Choice.WITHDRAWN)
    await region.contacts.delete(AUTHOR, workspace, contacts[1])
    await new_contact(region, workspace, 9)
    await region.access.create(workspace, "ci", [Scope.READ], "us")
    assert [] == await problems(store, saved)


async def test_a_head_that_is_no_longer_there_is_told_with_its_subject(store: Store):
    workspace, _ = await write_story(store)
    saved = await saved_by(store)
    subject = "ab" * 16
    more = [
        SavedHead(workspace, subject, 4, b"h" * 32),
        SavedHead(workspace, "cd" * 16, 0, None),
        SavedHead("nowhere", "ef" * 16, 1, b"h" * 32),
    ]

    assert {
        f"the saved heads name entry 4 of subject {subject}; it is missing or has a different hash",
        f"the saved heads name subject {'cd' * 16}; it is missing",
        f"the saved heads name entry 1 of subject {'ef' * 16}; it is missing or has a different hash",
    } == set(await problems(store, saved + more))
    assert 2 == len(await problems(store, saved + more, workspace))


async def test_a_head_with_another_hash_or_a_greater_number_is_told(store: Store):
    await write_story(store)
    saved = await saved_by(store)
    chain = next(one for one in saved if one.seq == 5)
    settings = saved[0]

    for changed in (
        chain._replace(hash=b"h" * 32),
        chain._replace(seq=6),
        settings._replace(hash=b"h" * 32),
        settings._replace(seq=settings.seq + 1),
    ):
        assert 1 == len(await problems(store, [changed]))
    assert [] == await problems(store, [chain._replace(seq=0, hash=None)])


async def test_only_one_workspace_s_heads_are_saved_where_one_is_named(store: Store):
    await write_story(store)
    globex = (await Region.on("us", store, Clock(), RandomIds()).workspaces.create("Globex")).id

    assert [(globex, "settings", 1)] == [head[:3] async for head in heads(store, globex)]
    assert 6 == len(await saved_by(store))


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5])
async def test_rows_that_cannot_be_read_are_left_out_wherever_a_page_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
):
    monkeypatch.setattr(verify_heads, "BATCH", batch)
    store = stores.sqlite(new_file(tmp_path / "sayso.db"))
    _, contacts = await write_story(store)
    whole = await saved_by(store)
    for contact in sorted(contacts)[1:3]:
        sql = "UPDATE contacts SET standing = CAST(x'ff' AS TEXT) WHERE contact_id = $1"
        await store.engine.commit([Statement(sql, (bytes.fromhex(contact),))])
    read, pages = store.ledger.heads, 0

    async def reading(workspace_id: str, after: str, limit: int) -> list[HeadRow | Unreadable]:
        nonlocal pages
        pages += 1
        assert pages < 10, "the same page is read for ever"
        return await read(workspace_id, after, limit)

    monkeypatch.setattr(store.ledger, "heads", reading)

    assert [whole[0], whole[1], whole[4]] == await saved_by(store)
    await store.close()


def test_what_is_saved_is_read_again_as_it_was():
    found = [SavedHead("acme", "settings", 3, b"h" * 32), SavedHead("acme", "ab" * 16, 0, None)]

    assert found == list(parsed([f"{TITLE}\n", *(f"{one.line()}\n" for one in found), "# end 2\n"]))


LIST = [f"{TITLE}\n", f"acme {'ab' * 16} 0 -\n", "acme settings 0 -\n", "# end 2\n"]


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([], "line 1 is not the title"),
        (LIST[:1], "the list is incomplete: its last line, `# end` and the number of heads, is missing"),
        (LIST[:2], "the list is incomplete"),
        (LIST[:3], "the list is incomplete"),
        ([*LIST[:2], LIST[3]], "the list has 1 heads, but its last line is not `# end 1`"),
        ([*LIST[:2], *LIST[1:]], "the list has 3 heads, but its last line is not `# end 3`"),
        ([*LIST, LIST[1]], "line 5 follows the end of the list"),
    ],
    ids=["empty", "title", "first", "no end", "one less", "one more", "after the end"],
)
def test_a_list_that_is_empty_or_cut_is_refused(lines: list[str], what: str):
    assert 2 == len(list(parsed(LIST)))

    with pytest.raises(Invalid, match=what):
        list(parsed(lines))


@pytest.mark.parametrize(
    "line",
    ["", "acme", "acme ab 1 -", f"acme {'ab' * 16} one -", f"acme {'ab' * 16} 1 xy", f"acme {'ab' * 16} 1 - more"],
)
def test_a_line_that_is_no_head_is_refused_with_its_number(line: str):
    with pytest.raises(Invalid, match="line 2 is not a workspace"):
        list(parsed([f"{TITLE}\n", f"{line}\n"]))


def test_a_list_of_another_kind_is_refused():
    with pytest.raises(Invalid, match="line 1 is not the title"):
        list(parsed(["acme settings 0 -\n"]))
