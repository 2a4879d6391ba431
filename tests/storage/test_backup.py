"""A backup destroys nothing that a database needs, whatever name it is told, and leaves nothing for others to read."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.sqlite import new_file

from sayso.domain.errors import Conflict, SaysoError, Unavailable
from sayso.storage import backup, sqlite
from sayso.storage.backup import back_up
from sayso.storage.lock import locked

BESIDE = ["", "-wal", "-shm", "-journal", ".lock"]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Path]:
    """A database in use, with a row that is in its log alone."""
    (tmp_path / "data").mkdir()
    path = new_file(tmp_path / "data" / "sayso.db")
    with locked(path), closing(sqlite.connect(path)) as connection:
        connection.execute("INSERT INTO migrations VALUES ('in the log', '', 1)")
        yield path


def of(path: Path) -> list[str]:
    with closing(apsw.Connection(str(path))) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM migrations ORDER BY name").fetchall()]


def listing(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.lstat().st_ino for file in folder.rglob("*")}


def itself(file: Path, folder: Path) -> Path:
    return file


def spelled_otherwise(file: Path, folder: Path) -> Path:
    return file.parent / ".." / file.parent.name / "." / file.name


def symbolic_link(file: Path, folder: Path) -> Path:
    (folder / "link").symlink_to(file)
    return folder / "link"


def through_a_linked_folder(file: Path, folder: Path) -> Path:
    (folder / "linked").symlink_to(file.parent)
    return folder / "linked" / file.name


def hard_link(file: Path, folder: Path) -> Path:
    (folder / "link").hardlink_to(file)
    return folder / "link"


@pytest.mark.parametrize("suffix", BESIDE)
@pytest.mark.parametrize("name", [itself, spelled_otherwise, symbolic_link, through_a_linked_folder, hard_link])
def test_no_backup_takes_the_place_of_a_file_of_the_live_database(
    live: Path, tmp_path: Path, suffix: str, name: Callable[[Path, Path], Path]
):
    file = live.with_name(live.name + suffix)
    if name is hard_link:
        # There is none by default, and a link needs one.
        file.touch()
    target = name(file, tmp_path)
    before = listing(tmp_path)

    with pytest.raises(Conflict):
        back_up(live, target, replace=True)

    assert before == listing(tmp_path)
    assert "in the log" in of(live)


@pytest.mark.parametrize(
    "name", ["sayso.db-wal", "sayso.db-wal-wal", "copy-shm", "copy.db-journal", "copy.lock", "COPY.DB-WAL"]
)
@pytest.mark.parametrize("replace", [False, True])
def test_no_backup_gets_a_name_that_could_be_a_file_beside_a_database(
    live: Path, tmp_path: Path, name: str, replace: bool
):
    before = listing(tmp_path)

    with pytest.raises(Conflict, match=r"does not end in -wal, -shm, -journal, \.lock"):
        back_up(live, tmp_path / name, replace=replace)

    assert before == listing(tmp_path)


def test_a_backup_into_a_folder_that_is_not_there_says_so_without_numbers(live: Path, tmp_path: Path):
    target = tmp_path / "nowhere" / "copy.db"

    with pytest.raises(Unavailable) as refused:
        back_up(live, target, replace=False)

    assert f"cannot write the backup {target}: {os.strerror(errno.ENOENT)}" == str(refused.value)


def test_no_backup_replaces_a_link_to_a_log(live: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere.db-wal")

    with pytest.raises(Conflict):
        back_up(live, tmp_path / "link", replace=True)

    assert (tmp_path / "link").is_symlink()


def test_no_backup_gets_a_name_beside_which_a_database_would_be_taken_for_its_log(live: Path, tmp_path: Path):
    other = new_file(tmp_path / "copy.db-wal")

    with pytest.raises(Conflict, match="is a database"):
        back_up(live, tmp_path / "copy.db", replace=True)

    assert "0001_initial" in of(other)


def test_a_database_that_another_server_uses_is_not_replaced_by_any_name(live: Path, tmp_path: Path):
    other, link = new_file(tmp_path / "other.db"), tmp_path / "link.db"
    link.hardlink_to(other)
    with locked(other):
        for target in (other, link):
            with pytest.raises(Unavailable, match="another server or migration is using"):
                back_up(live, target, replace=True)
    back_up(live, link, replace=True)
    assert "in the log" in of(link)
    assert "in the log" not in of(other)


def test_a_log_that_lies_where_the_copy_s_would_is_not_removed_unasked(live: Path, tmp_path: Path):
    log = tmp_path / "copy.db-wal"
    log.write_text("of a database that was moved away, perhaps")

    with pytest.raises(Conflict, match=r"copy\.db-wal is there already; --force replaces it"):
        back_up(live, tmp_path / "copy.db", replace=False)
    assert log.exists()

    back_up(live, tmp_path / "copy.db", replace=True)
    assert not log.exists()


def test_a_lock_file_that_a_stopped_server_left_is_no_hindrance_and_stays(live: Path, tmp_path: Path):
    path = new_file(tmp_path / "copy.db")
    with locked(path):
        pass
    back_up(live, path, replace=True)

    assert (tmp_path / "copy.db.lock").exists()
    assert "in the log" in of(path)


@pytest.fixture
def unfinished(live: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that backups copy into."""
    seen: list[Path] = []
    copy = backup._copy

    def look(source: Path, target: Path) -> None:
        seen.append(target)
        copy(source, target)

    monkeypatch.setattr(backup, "_copy", look)
    return seen


def test_a_copy_is_its_owner_s_alone_and_made_under_a_name_that_nobody_can_lay_a_link_at(
    live: Path, tmp_path: Path, unfinished: list[Path]
):
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    victim.chmod(0o666)
    for name in ("a.db.unfinished", "b.db.unfinished"):
        (tmp_path / name).symlink_to(victim)
    before = os.umask(0)
    try:
        for name in ("a.db", "b.db"):
            back_up(live, tmp_path / name, replace=False)
    finally:
        os.umask(before)

    assert "theirs" == victim.read_text()
    assert {0o600} == {(tmp_path / name).stat().st_mode & 0o777 for name in ("a.db", "b.db")}
    assert 2 == len({file.name for file in unfinished})
    assert {tmp_path} == {file.parent for file in unfinished}
    assert not any((tmp_path / name).is_symlink() for name in ("a.db", "b.db"))


def test_a_copy_that_fails_leaves_nothing_and_what_was_there_as_it_was(
    live: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    target = tmp_path / "copy.db"
    target.write_text("an older copy")

    def full(source: Path, unfinished: Path) -> None:
        unfinished.with_name(unfinished.name + "-journal").write_text("left by SQLite")
        raise apsw.FullError("disk full")

    monkeypatch.setattr(backup, "_copy", full)
    before = listing(tmp_path)
    with pytest.raises(Unavailable, match="cannot write the backup"):
        back_up(live, target, replace=True)

    assert before == listing(tmp_path)
    assert "an older copy" == target.read_text()


_KILLED = """
import os, signal, sys
from pathlib import Path
from sayso.storage import backup
backup._copy = lambda source, target: os.kill(os.getpid(), signal.SIGKILL)
backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]), replace=False)
"""


def test_what_a_killed_backup_leaves_is_in_nobody_s_way(live: Path, tmp_path: Path):
    target = tmp_path / "copy.db"
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(live), str(target)], check=False)
    assert -signal.SIGKILL == killed.returncode
    (left,) = tmp_path.glob(".*.unfinished")
    assert 0o600 == left.stat().st_mode & 0o777

    back_up(live, target, replace=False)

    assert "in the log" in of(target)


def test_a_loop_of_links_is_told_in_one_line(live: Path, tmp_path: Path):
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(SaysoError):
        back_up(live, tmp_path / "loop" / "copy.db", replace=False)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_ordinary_file_is_not_replaced(live: Path, tmp_path: Path, make: Callable[[Path], None]):
    make(tmp_path / "target")
    before = listing(tmp_path)

    with pytest.raises(Conflict, match="not an ordinary file"):
        back_up(live, tmp_path / "target", replace=True)

    assert before == listing(tmp_path)


@pytest.mark.parametrize("failure", [apsw.FullError("not an error"), apsw.IOError("not an error")])
def test_a_backup_that_finds_no_room_says_so(live: Path, tmp_path: Path, monkeypatch, failure):
    def fail(source: Path, target: Path) -> None:
        raise failure

    monkeypatch.setattr("sayso.storage.backup._copy", fail)
    with pytest.raises(Unavailable, match=r"the disk is full or failed, or files may not be that large \(ulimit -f\)"):
        back_up(live, tmp_path / "copy.db", replace=False)
