"""A database has one server, whatever name leads to it; and looking at its lock takes nothing from SQLite."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.cast import NOON
from tests.sqlite import new_file

from sayso.domain.errors import Unavailable
from sayso.storage import lock, sqlite
from sayso.storage.backup import back_up
from sayso.storage.database import SqliteDatabase
from sayso.storage.lock import is_locked, locked
from sayso.storage.store import bring_up_to_date

_HOLD = """
import sys
from pathlib import Path
from sayso.storage.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

# The bytes by which every connection of SQLite shows that it is there (https://www.sqlite.org/src/file/src/os.h).
_TAKE_SHARED_BYTES = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
        print("taken")
    except BlockingIOError:
        print("held")
"""


@contextmanager
def another_process_with(path: Path) -> Iterator[None]:
    """A process that holds a database's lock."""
    holding = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holding:
        assert holding.stdout
        assert "held\n" == holding.stdout.readline()
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return new_file(tmp_path / "data" / "sayso.db")


@pytest.fixture
def hard_link(path: Path, tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "other.db"
    link.hardlink_to(path)
    return link


def test_a_lock_is_held_by_one_and_free_again_after(tmp_path: Path):
    path = tmp_path / "sayso.db"
    refused = pytest.raises(Unavailable, match=r"another server or migration is using /.*/sayso\.db:")
    with locked(path), refused, locked(path):
        pytest.fail("both have it")
    with locked(path):
        assert is_locked(path)


def test_a_lock_is_the_file_s_whatever_name_it_is_reached_by(tmp_path: Path):
    path, link = tmp_path / "sayso.db", tmp_path / "link.db"
    bring_up_to_date(path, NOON)
    link.symlink_to(path)

    with locked(path):
        assert is_locked(link)
        with pytest.raises(Unavailable, match=r"another server or migration is using /.*/link\.db:"), locked(link):
            pytest.fail("both have it")
    assert not is_locked(link)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_file_that_may_not_be_written_is_told_before_anybody_serves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
):
    path, fixed = tmp_path / "sayso.db", tmp_path / f"sayso.db{suffix}"
    bring_up_to_date(path, NOON)
    fixed.touch()
    # Root may write everything: asked is what anybody else would be told.
    monkeypatch.setattr(lock.os, "access", lambda asked, _: asked != fixed)

    with pytest.raises(Unavailable, match=rf"this user may not write sayso\.db{suffix}"), locked(path):
        pytest.fail("it is served all the same")
    monkeypatch.undo()
    with locked(path):
        assert is_locked(path)


def test_a_hard_link_in_another_folder_lets_no_second_server_in(path: Path, hard_link: Path):
    refused = pytest.raises(Unavailable, match=r"another server or migration is using /.*/other\.db:")
    with another_process_with(path):
        assert is_locked(hard_link)
        with refused, locked(hard_link):
            pytest.fail("both have it")
    assert not is_locked(hard_link)
    with locked(hard_link):
        assert is_locked(path)


def test_a_process_that_holds_a_database_does_not_get_it_again_by_another_name(path: Path, hard_link: Path):
    with locked(path):
        with pytest.raises(Unavailable), locked(hard_link):
            pytest.fail("it has it twice")
        assert is_locked(hard_link)
    with locked(hard_link):
        pass


def test_a_database_that_was_moved_away_from_its_server_is_still_its_own(path: Path, tmp_path: Path):
    moved = tmp_path / "moved.db"
    with another_process_with(path):
        path.rename(moved)

        with pytest.raises(Unavailable), locked(moved):
            pytest.fail("both have it")
        # Another one in its place is one more file, but the server goes on under the old name.
        new_file(path)
        with pytest.raises(Unavailable), locked(path):
            pytest.fail("two servers of one name")


def test_a_server_of_a_version_that_knows_the_lock_file_alone_is_respected(path: Path):
    held = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)

        assert is_locked(path)
        with pytest.raises(Unavailable), locked(path):
            pytest.fail("both have it")
    finally:
        os.close(held)


def test_such_a_version_respects_this_one(path: Path):
    with locked(path):
        opened = os.open(f"{path}.lock", os.O_RDWR)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(opened)


@pytest.mark.parametrize("name", ["sayso.db", "other.db"])
def test_to_look_at_a_lock_or_to_be_refused_takes_no_lock_from_sqlite(
    path: Path, hard_link: Path, tmp_path: Path, name: str
):
    asked = path if name == "sayso.db" else hard_link
    with locked(path), closing(sqlite.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM migrations").fetchall()
        is_locked(asked)
        with pytest.raises(Unavailable), locked(asked):
            pass

        asking = [sys.executable, "-c", _TAKE_SHARED_BYTES, str(path)]
        assert "held\n" == subprocess.run(asking, check=True, capture_output=True, text=True).stdout


async def test_what_runs_beside_a_server_uses_the_server_s_name(path: Path, hard_link: Path, tmp_path: Path):
    refused = pytest.raises(Unavailable, match=r"a server is using other\.db under another name")
    with another_process_with(path):
        with refused:
            await SqliteDatabase(hard_link).open()
        with refused:
            back_up(hard_link, tmp_path / "copy.db", replace=False)
        (server,) = [fact for fact in await SqliteDatabase(hard_link).facts(deep=False) if fact[0] == "server"]
        assert "wrong" == server[1]
        await (await SqliteDatabase(path).open()).close()


@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_the_place_of_a_lock_file_is_not_followed(path: Path, tmp_path: Path, there: bool):
    victim = tmp_path / "victim"
    if there:
        victim.write_text("theirs")
    path.with_name("sayso.db.lock").symlink_to(victim)

    with pytest.raises(Unavailable) as refused, locked(path):
        pytest.fail("it was followed")
    link = path.with_name("sayso.db.lock")
    assert f"cannot use the database sayso.db: {link}: {os.strerror(errno.ELOOP)}" == str(refused.value)
    assert there is victim.exists()


def test_where_a_file_system_has_no_such_lock_the_lock_file_is_enough(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lock, "_SET", None)
    monkeypatch.setattr(lock, "_GET", None)
    with locked(path), pytest.raises(Unavailable), locked(path):
        pytest.fail("both have it")
