"""The SQLite engine: changes share a sync, and one caller's trouble is no other's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import apsw
import pytest
from tests.cast import AUTHOR, NOON, draft
from tests.crash.damage import damage
from tests.crash.vfs import Disk, File
from tests.machine import DEADLINE

from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.errors import TypeNotFound, Unavailable
from sayso.intercom.attached import attaching, detaching
from sayso.service.ids import RandomIds
from sayso.service.ports import Stored
from sayso.service.region import Region
from sayso.storage import sqlite, sqlite_writer
from sayso.storage.engine import Statement
from sayso.storage.migrate import migrate
from sayso.storage.sqlite import SqliteEngine
from sayso.storage.store import SqlStore

Open = Callable[..., SqliteEngine]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(sqlite.connect(tmp_path / "engine.db")) as connection:
        connection.execute("CREATE TABLE words (word TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL)")
    return tmp_path / "engine.db"


@pytest.fixture
async def open_engine(path: Path) -> AsyncIterator[Open]:
    opened: list[SqliteEngine] = []

    def open_one(**more: object) -> SqliteEngine:
        opened.append(SqliteEngine(partial(sqlite.connect, path), **more))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for engine in opened:
        await engine.close()


def add(word: object, *, appends: bool = False) -> Statement:
    return Statement("INSERT INTO words (word, count) VALUES ($1, 1)", (word,), appends=appends)


def swap(word: str, before: int) -> Statement:
    return Statement("UPDATE words SET count = $1 WHERE word = $2 AND count = $3", (before + 1, word, before), True)


async def words(engine: SqliteEngine) -> list[str]:
    return [word for (word,) in await engine.read("SELECT word FROM words ORDER BY word")]


async def outcomes(engine: SqliteEngine, *changes: list[Statement]) -> list[str]:
    """What each caller was told, when all come at once."""
    told = await asyncio.gather(*(engine.commit(change) for change in changes), return_exceptions=True)
    return ["written" if one is None else type(one).__name__ for one in told]


@contextmanager
def another_process_writing(path: Path) -> Iterator[apsw.Connection]:
    """Holds the only right to write, as an import in another process does."""
    with closing(sqlite.connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


async def test_a_committed_change_is_read_back(open_engine: Open):
    engine = open_engine()

    await engine.commit([add("a"), add("b")])

    assert ["a", "b"] == await words(engine)
    assert [("a",), ("b",)] == await engine.scan("SELECT word FROM words ORDER BY word")


async def test_a_swap_that_hits_no_row_takes_its_change_back_and_no_other(open_engine: Open):
    engine = open_engine()
    await engine.commit([add("swapped")])

    told = await outcomes(engine, [add("a")], [add("b"), swap("swapped", 9)], [swap("swapped", 1), add("c")])

    assert ["written", "Stale", "written"] == told
    assert ["a", "c", "swapped"] == await words(engine)


async def test_what_changes_append_is_written_with_them_and_not_without(open_engine: Open):
    engine = open_engine()
    await engine.commit([add("swapped")])
    taken, free = (add(word, appends=True) for word in ("swapped", "free"))

    told = await outcomes(engine, [swap("swapped", 9), free], [swap("swapped", 1), free], [add("a"), taken], [add("b")])

    assert ["Stale", "written", "Unavailable", "written"] == told
    assert ["b", "free", "swapped"] == await words(engine)


async def test_a_stale_change_among_many_made_of_the_same_statements_takes_none_with_it(open_engine: Open):
    engine = open_engine()
    await engine.commit([add(word) for word in "abc"])
    kept = [add(word, appends=True) for word in "xyz"]

    told = await outcomes(engine, [swap("a", 1), kept[0]], [swap("b", 9), kept[1]], [swap("c", 1), kept[2]])

    assert ["written", "Stale", "written"] == told
    assert ["a", "b", "c", "x", "z"] == await words(engine)
    assert [("a", 2), ("b", 1), ("c", 2)] == await engine.read("SELECT word, count FROM words WHERE word < 'x'")


async def test_what_ran_before_a_stale_change_of_another_kind_is_written_once(open_engine: Open):
    engine = open_engine()
    await engine.commit([add(word) for word in "abcd"])
    kept = [add(word, appends=True) for word in "wxyz"]
    alike = [[swap("a", 1), kept[0]], [swap("b", 1), kept[1]]]
    others = [[swap("c", 1), swap("c", 2), kept[2]], [swap("d", 1), swap("d", 9), kept[3]]]

    told = await outcomes(engine, *alike, *others, [add("e")])

    assert ["written", "written", "written", "Stale", "written"] == told
    assert [*"abcdewxy"] == await words(engine)
    counts = await engine.read("SELECT count FROM words WHERE word < 'e' ORDER BY word")
    assert [(2,), (2,), (3,), (1,)] == counts


async def test_of_two_swaps_in_one_batch_the_second_is_stale(open_engine: Open):
    engine = open_engine()
    await engine.commit([add("swapped")])

    assert ["written", "Stale"] == await outcomes(engine, [swap("swapped", 1)], [swap("swapped", 1)])


async def test_one_poisoned_change_costs_no_other_change_its_place(open_engine: Open):
    engine = open_engine()
    await engine.commit([add("taken")])
    good = [[add(f"good-{number:02}")] for number in range(20)]

    told = await outcomes(engine, *good[:10], [add("half"), add("taken")], *good[10:])

    assert ["written"] * 10 + ["Unavailable"] + ["written"] * 10 == told
    assert [*(f"good-{number:02}" for number in range(20)), "taken"] == await words(engine)


@pytest.mark.parametrize("value", ["\ud800", 2**64, object()])
async def test_a_value_that_no_column_takes_is_one_callers_trouble(open_engine: Open, value: object):
    engine = open_engine()

    told = await outcomes(engine, [add("before")], [add("half"), add(value)], [add("after")])

    assert ["written", "written"] == [told[0], told[2]]
    assert told[1] in {"UnicodeEncodeError", "OverflowError", "TypeError"}
    assert ["after", "before"] == await words(engine)
    await engine.check()


async def test_each_change_of_a_failed_batch_is_tried_once_more_alone(open_engine: Open, path: Path):
    """A poisoned statement among good ones: SQLite ends the whole transaction by itself."""
    engine = open_engine()
    await engine.commit([add("taken")])
    ending = Statement("INSERT OR ROLLBACK INTO words VALUES ('taken', 1)", ())

    told = await outcomes(engine, [add("a")], [ending], [add("b")])

    assert ["written", "Unavailable", "written"] == told
    assert ["a", "b", "taken"] == await words(engine)


async def test_a_caller_that_goes_away_does_not_take_back_what_is_being_written(open_engine: Open):
    engine = open_engine()
    callers = [asyncio.ensure_future(engine.commit([add(f"word-{number}")])) for number in range(6)]
    await asyncio.sleep(0)

    callers[2].cancel()
    told = await asyncio.gather(*callers, return_exceptions=True)
    await engine.commit([add("next")])

    assert [None, None, asyncio.CancelledError, None, None, None] == [one and type(one) for one in told]
    assert ["next", *(f"word-{number}" for number in range(6))] == await words(engine)


async def test_a_caller_that_goes_away_from_a_change_that_fails_leaves_no_trace(open_engine: Open):
    engine = open_engine()
    await engine.commit([add("taken")])
    gone = asyncio.ensure_future(engine.commit([add("taken")]))
    await asyncio.sleep(0)

    gone.cancel()

    assert ["written"] == await outcomes(engine, [add("next")])


async def test_while_another_process_writes_reads_go_on_and_writers_wait_no_longer_than_the_limit(
    open_engine: Open, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 1_000)
    waits: list[int] = []
    begin = sqlite_writer._begin
    monkeypatch.setattr(sqlite_writer, "_begin", lambda one, wait: (waits.append(wait), begin(one, wait)))
    engine = open_engine()
    await engine.commit([add("there")])
    waits.clear()
    with another_process_writing(path):
        writing = asyncio.ensure_future(outcomes(engine, *([add(f"word-{number}")] for number in range(64))))
        await asyncio.sleep(0)
        reads = 0
        while not writing.done():
            assert ["there"] == await words(engine)
            reads += not writing.done()
            await asyncio.sleep(0)

    assert ["Unavailable"] * 64 == writing.result()
    assert reads
    assert sum(waits) < 3 * sqlite.BUSY_TIMEOUT, "each waited for its own"
    assert ["written"] == await outcomes(engine, [add("after")])


async def test_a_writer_gets_its_turn_when_the_other_process_is_done(open_engine: Open, path: Path):
    engine = open_engine()
    with another_process_writing(path) as other:
        writing = asyncio.ensure_future(outcomes(engine, [add("ours")]))
        await asyncio.sleep(0)
        other.execute("INSERT INTO words VALUES ('theirs', 1)")
        other.execute("COMMIT")

    assert ["written"] == await writing
    assert ["ours", "theirs"] == await words(engine)


async def counted(engine: SqliteEngine, word: str) -> int:
    """How often, to decide a change on."""
    ((count,),) = await engine.read_to_change("SELECT count FROM words WHERE word = $1", word)
    return int(count)


def may_write(path: Path) -> bool:
    """Whether another process may, at this moment."""
    with closing(sqlite.connect(path)) as other:
        other.set_busy_timeout(0)
        try:
            other.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            return False
    return True


async def test_nobody_writes_between_what_a_change_is_decided_on_and_the_change(open_engine: Open, path: Path):
    engine = open_engine()
    await engine.commit([add("a"), add("b")])

    async def again(word: str) -> bool:
        count = await counted(engine, word)
        free = may_write(path)
        await engine.commit([swap(word, count)])
        return free

    assert [False, False] == await asyncio.gather(again("a"), again("b"))
    assert [("a", 2), ("b", 2)] == await engine.read("SELECT word, count FROM words ORDER BY word")
    assert may_write(path)


async def test_who_decides_against_a_change_holds_up_no_other_process(open_engine: Open, path: Path):
    engine = open_engine()
    await engine.commit([add("a")])

    counts = await asyncio.gather(counted(engine, "a"), counted(engine, "a"))
    await asyncio.sleep(0)

    assert [1, 1] == counts
    assert may_write(path)
    assert ["written"] == await outcomes(engine, [add("b")])


async def test_what_a_change_is_decided_on_waits_for_no_other_process(open_engine: Open, path: Path):
    engine = open_engine()
    await engine.commit([add("a")])

    with another_process_writing(path) as other:
        assert 1 == await counted(engine, "a")
        writing = asyncio.ensure_future(engine.commit([add("ours")]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert 1 == await counted(engine, "a")
        assert not writing.done()
        other.execute("UPDATE words SET count = 7")
        other.execute("COMMIT")

    await writing
    assert 7 == await counted(engine, "a")


async def test_what_a_change_is_decided_on_waits_for_no_change_that_waits_for_another_process(
    open_engine: Open, path: Path
):
    """It was asked for before that change was handed over, by somebody who had just been told something else."""
    engine = open_engine()
    await engine.commit([add("a")])

    async def write() -> None:
        await counted(engine, "a")
        await engine.commit([add("ours")])

    async def read_on() -> int:
        await counted(engine, "a")
        return await counted(engine, "a")

    with another_process_writing(path):
        writing, reading = asyncio.ensure_future(write()), asyncio.ensure_future(read_on())
        assert 1 == await reading
        assert not writing.done()

    await writing


async def test_who_decides_against_a_change_lets_a_checkpoint_have_its_connection(
    path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite_writer, "CHECKPOINT_PAGES", 8)
    carrying, go_on = threading.Event(), threading.Event()
    sync = File.xSync

    def slow(file: File, flags: int) -> None:
        # Commits sync the log, a checkpoint the database.
        if not file.is_log:
            carrying.set()
            assert go_on.wait(DEADLINE)
        sync(file, flags)

    monkeypatch.setattr(File, "xSync", slow)
    connect = Mock(side_effect=partial(sqlite.connect, path, vfs=disk.name))
    engine = SqliteEngine(connect, checkpoints=True)
    await engine.commit([add("a")])
    committing = asyncio.ensure_future(
        engine.commit([add(f"word {number}") for number in range(sqlite.FEW_STATEMENTS)])
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    async def decide() -> int:
        count = await counted(engine, "a")
        assert carrying.wait(DEADLINE)
        return count

    assert 1 == await decide()
    await asyncio.sleep(0)
    go_on.set()
    await committing
    await engine.commit([add("b")])
    await engine.close()

    assert 2 == connect.call_count, "the writer's connection was given up"


@pytest.mark.parametrize(
    ("sql", "told", "connections"),
    [("SELECT nothing FROM nowhere", Unavailable, 3), ("SELECT CAST(x'ff' AS TEXT)", UnicodeDecodeError, 2)],
)
async def test_a_read_that_fails_before_a_change_costs_no_other_its_rows(
    open_engine: Open, monkeypatch: pytest.MonkeyPatch, sql: str, told: type[Exception], connections: int
):
    connect = Mock(wraps=sqlite.connect)
    monkeypatch.setattr(sqlite, "connect", connect)
    engine = open_engine()
    await engine.commit([add("a")])

    wrong, count = await asyncio.gather(engine.read_to_change(sql), counted(engine, "a"), return_exceptions=True)

    assert (told, 1) == (type(wrong), count)
    assert ["written"] == await outcomes(engine, [swap("a", 1)])
    assert connections == connect.call_count


async def test_a_large_batch_goes_on_in_the_transaction_that_it_was_decided_in(
    open_engine: Open, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "SMALL_BATCH", 2)
    connect = Mock(wraps=sqlite.connect)
    monkeypatch.setattr(sqlite, "connect", connect)
    engine = open_engine()
    await engine.commit([add(word) for word in "abc"])

    async def again(word: str) -> None:
        await engine.commit([swap(word, await counted(engine, word))])

    await asyncio.gather(*map(again, "abc"))

    assert [(2,)] * 3 == await engine.read("SELECT count FROM words")
    assert 2 == connect.call_count, "a transaction was given up"


async def test_a_caller_that_goes_away_before_it_decides_costs_no_other_its_rows(open_engine: Open):
    engine = open_engine()
    await engine.commit([add("a")])
    gone, stays = (asyncio.ensure_future(counted(engine, "a")) for _ in range(2))
    await asyncio.sleep(0)

    gone.cancel()

    assert 1 == await stays
    assert ["written"] == await outcomes(engine, [add("next")])


async def test_an_engine_that_is_closed_gives_those_who_decide_what_they_asked_for(open_engine: Open):
    engine = open_engine()
    await engine.commit([add("a")])
    deciding = asyncio.ensure_future(counted(engine, "a"))
    await asyncio.sleep(0)

    await engine.close()

    assert 1 == await deciding


async def test_a_busy_database_is_told_by_the_readiness_check_and_forgotten_after(
    open_engine: Open, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", 50)
    engine = open_engine()
    with another_process_writing(path):
        assert ["Unavailable"] == await outcomes(engine, [add("a")])
        with pytest.raises(Unavailable, match="busy"):
            await engine.check()

    await engine.check()

    assert ["written"] == await outcomes(engine, [add("a")])


async def test_sixty_four_writers_share_their_syncs(tmp_path: Path, disk: Disk):
    async with Shop(tmp_path, disk) as (region, workspace_id, people):
        before = disk.syncs()
        for _ in range(10):
            await asyncio.gather(*(_choose(region, workspace_id, one, "1", attach=True) for one in people))
            await asyncio.gather(*(_choose(region, workspace_id, one, "1", attach=False) for one in people))
        syncs = disk.syncs() - before

    assert 64 == len(people)
    assert syncs * 8 <= 20 * 64, f"{syncs} syncs for {20 * 64} acknowledged writes"


async def test_a_checkpoint_waits_for_no_reader_and_the_log_starts_anew_after_it(
    open_engine: Open, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite_writer, "CHECKPOINT_PAGES", 20)
    # Longer than the test waits.
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT", int(10_000 * DEADLINE))
    engine = open_engine(checkpoints=True)
    await engine.commit([add("first")])
    log = path.with_name("engine.db-wal")
    with closing(sqlite.connect(path)) as reader:
        reader.execute("BEGIN")
        assert [("first",)] == reader.execute("SELECT word FROM words").fetchall()
        for number in range(200):
            await asyncio.wait_for(engine.commit([add(f"held-{number:03}" * 50)]), DEADLINE)
        assert [("first",)] == reader.execute("SELECT word FROM words").fetchall()
        reader.execute("COMMIT")
    long = log.stat().st_size
    for number in range(400):
        await engine.commit([add(f"free-{number:03}")])

    assert 601 == len(await words(engine))
    # Written from the start again, it is hardly longer than while it was held.
    assert log.stat().st_size < 1.2 * long


async def test_a_steady_load_keeps_the_log_short(open_engine: Open, path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite_writer, "CHECKPOINT_PAGES", 50)
    engine = open_engine(checkpoints=True)
    for number in range(100):
        await asyncio.gather(*(engine.commit([add(f"{number}-{writer}")]) for writer in range(8)), words(engine))

    assert path.with_name("engine.db-wal").stat().st_size < 150 * 4_120


async def test_reads_go_on_when_another_process_has_made_the_file_shorter(open_engine: Open, path: Path):
    """The file is mapped into memory: what is no longer there must not be touched."""
    engine = open_engine(checkpoints=True)
    for number in range(200):
        await engine.commit([add(f"{number:03}" * 2_000)])
    with closing(sqlite.connect(path)) as other:
        other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        long = path.stat().st_size
        assert 200 == len(await words(engine))
        # Reads share a snapshot until the loop's next turn.
        await asyncio.sleep(0)
        other.execute("DELETE FROM words WHERE word NOT LIKE '199%'")
        other.execute("VACUUM")
        other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    assert path.stat().st_size < long / 4
    assert ["199" * 2_000] == await words(engine)
    assert ["written"] == await outcomes(engine, [add("next")])


async def test_an_engine_that_is_closed_while_busy_finishes_what_it_was_given(open_engine: Open, path: Path):
    engine = open_engine(checkpoints=True)
    writing = [asyncio.ensure_future(engine.commit([add(f"word-{number}")])) for number in range(20)]
    await asyncio.sleep(0)

    await engine.close()

    assert [None] * 20 == await asyncio.gather(*writing)
    with closing(sqlite.connect(path)) as connection:
        assert [(20,)] == connection.execute("SELECT count(*) FROM words").fetchall()


async def test_a_closed_engine_refuses_instead_of_keeping_callers_waiting(open_engine: Open):
    engine = open_engine()
    await engine.close()

    with pytest.raises(Unavailable, match="closed"):
        await engine.commit([add("late")])
    await engine.close()


async def test_many_threads_of_one_process_are_not_needed(open_engine: Open):
    """One writer thread, whatever the load."""
    engine = open_engine()
    before = threading.active_count()

    await outcomes(engine, *([add(f"word-{number}")] for number in range(200)))

    assert threading.active_count() <= before + 1


class Shop:
    """A workspace with an opt_in type and 64 people, on a disk that counts."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._connect = partial(sqlite.connect, folder / "sayso.db", vfs=disk.name)

    async def __aenter__(self) -> tuple[Region, str, list[str]]:
        with closing(self._connect()) as connection:
            migrate(connection, NOON)
        self.store = SqlStore(SqliteEngine(self._connect, checkpoints=True))
        region = Region.on("us", self.store, lambda: NOON, RandomIds())
        workspace = await region.workspaces.create("Acme")
        await region.types.create(workspace.id, draft("opt_in"))
        drafts = [ContactDraft(Profile(Role.USER, external_id=f"person-{number}")) for number in range(64)]
        made = await asyncio.gather(*(region.contacts.create(AUTHOR, workspace.id, one) for one in drafts))
        return region, workspace.id, [contact.id for contact in made]

    async def __aexit__(self, *error: object) -> None:
        await self.store.close()


async def _choose(region: Region, workspace_id: str, contact_id: str, type_id: str, *, attach: bool) -> None:
    await region.consent.choose(AUTHOR, workspace_id, contact_id, type_id, attaching(None) if attach else detaching)


async def test_two_processes_racing_on_one_contact_write_one_chain(tmp_path: Path):
    """Two engines on one file: no turns are shared, so the swap alone keeps the order."""
    connect = partial(sqlite.connect, tmp_path / "sayso.db")
    with closing(connect()) as connection:
        migrate(connection, NOON)
    stores = [SqlStore(SqliteEngine(connect)) for _ in range(2)]
    regions = [Region.on("us", store, lambda: NOON, RandomIds()) for store in stores]
    workspace = await regions[0].workspaces.create("Acme")
    for _ in range(2):
        await regions[0].types.create(workspace.id, draft("opt_in"))
    contact = await regions[0].contacts.create(AUTHOR, workspace.id, ContactDraft(Profile(Role.LEAD)))

    async def racer(region: Region, type_id: str) -> int:
        written = 0
        for number in range(40):
            try:
                await _choose(region, workspace.id, contact.id, type_id, attach=number % 2 == 0)
                written += 1
            except (Unavailable, TypeNotFound):
                # Too many stale tries; and then there is nothing to take back.
                continue
        return written

    written = await asyncio.gather(racer(regions[0], "1"), racer(regions[1], "2"))
    chain = await stores[0].ledger.chain(workspace.id, contact.id)
    wrong = await damage(stores[1], workspace.id)
    for store in stores:
        await store.close()

    entries = [row.entry for row in chain if isinstance(row, Stored)]
    assert list(range(1, len(entries) + 1)) == [entry.seq for entry in entries]
    assert [] == wrong
    assert sum(written) >= len(entries) > 20


async def test_an_engine_whose_file_is_damaged_says_so_and_closes_all_the_same(path: Path):
    with closing(sqlite.connect(path)) as connection:
        with connection:
            connection.executemany("INSERT INTO words VALUES (?1, 1)", [(f"word {number}",) for number in range(2_000)])
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'words'").fetchall()
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    engine = SqliteEngine(partial(sqlite.connect, path))

    with pytest.raises(Unavailable):
        await engine.read("SELECT count FROM words WHERE rowid = $1", 1)
    await engine.close()
