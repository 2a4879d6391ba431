"""Processes that serve: this one alone, or several on one socket, started, watched and ended by this one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import structlog

from sayso.deployment import opened
from sayso.domain.errors import SaysoError, Unavailable
from sayso.http.crew import Crew
from sayso.server import Sayso, address, composed, listening, serve_as
from sayso.server import serve as serve_alone
from sayso.service.region import Regions
from sayso.settings import Settings

Begun = TypeVar("Begun")
Done = TypeVar("Done")

#: How long the place of a worker that ended stays empty, in seconds: at first, and at most, when it happens again.
FIRST_PAUSE, LAST_PAUSE = 0.1, 30.0

#: A worker that lived for longer, in seconds, has not failed again.
LIVED = 30.0

#: How long a worker may take to end after it has drained, in seconds.
LAST_WORDS = 15.0

_HEEDED = (signal.SIGTERM, signal.SIGINT)


def serve(
    settings: Settings,
    begin: Callable[[Regions], Awaitable[Begun]],
    greet: Callable[[str, Begun], None],
    compose: Callable[[Settings], AbstractAsyncContextManager[Sayso]] = composed,
) -> None:
    """Serve until SIGTERM or SIGINT, then answer what was accepted and return.

    `begin` runs once, before anybody is answered; `greet` gets the address and what it gave. One process serves what
    `compose` makes of the settings.
    """
    _raise_descriptor_limit()
    if settings.workers == 1:
        _run(serve_alone(settings, begin, greet, compose))
        return
    with closing(listening(settings)) as listener:
        begun = _run(_begun(settings, begin))
        work = partial(_work, settings, listener, Crew(settings.workers, settings.rate_limit))
        _Parent(settings, listener, work).run(partial(greet, address(settings, listener), begun))
    structlog.get_logger().info("stopped")


def _raise_descriptor_limit() -> None:
    """Let this process, and those it forks, have as many connections and files as the system allows."""
    if sys.platform == "win32":
        return
    # Imported here: there is none for Windows.
    import resource  # noqa: PLC0415

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Refused where the system's own limit is lower than what it tells.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _begun(settings: Settings, begin: Callable[[Regions], Awaitable[Begun]]) -> Begun:
    async with opened(settings) as regions:
        return await begin(regions)


def _run(work: Coroutine[Any, Any, Done]) -> Done:
    if sys.platform == "win32":
        return asyncio.run(work)
    # Imported here: there is none for Windows.
    import uvloop  # noqa: PLC0415

    return uvloop.run(work)


def _work(settings: Settings, listener: socket.socket, crew: Crew, number: int, parent: int, ready: int) -> None:
    """What a worker does."""
    _run(serve_as(crew.member(number, os.getpid()), settings, listener, parent, ready))


@dataclass(slots=True)
class _Place:
    """A worker's place: who has it, since when, and when it is to be filled again, by the clock that only rises."""

    number: int
    pid: int = 0
    since: float = 0.0
    pause: float = 0.0
    due: float = 0.0


class _Parent:
    """Keeps as many workers as the settings say. `work(number, parent, ready)` is a worker's life, and gets the pipes
    by which it learns of the parent's end, and tells that it answers."""

    def __init__(self, settings: Settings, listener: socket.socket, work: Callable[[int, int, int], None]) -> None:
        self._settings = settings
        self._listener = listener
        self._work = work
        self._places = [_Place(number) for number in range(settings.workers)]
        self._alive, self._lifeline = os.pipe()
        self._ready, self._tell_ready = os.pipe()
        self._awaited = settings.workers
        self._asked: list[int] = []
        self._until = 0.0
        self._failed = False

    def run(self, greet: Callable[[], None]) -> None:
        """Start the workers, greet when all of them answer, and return when all have ended after a signal.

        Raises Unavailable when one ends before that.
        """
        gc.freeze()
        with _woken(self._asked) as wake:
            while not self._ended():
                self._fill()
                readable, _, _ = select.select([wake, self._ready], [], [], self._patience())
                if wake in readable:
                    os.read(wake, 4096)
                if self._ready in readable:
                    self._answered(len(os.read(self._ready, 4096)), greet)
                self._pass_on()
                self._reap()
        if self._failed:
            raise Unavailable("a worker ended before it could serve; what it said above tells why")

    def _ended(self) -> bool:
        return self._until > 0 and not any(place.pid for place in self._places)

    def _answered(self, number: int, greet: Callable[[], None]) -> None:
        before, self._awaited = self._awaited, self._awaited - number
        if before > 0 >= self._awaited and not self._until:
            greet()

    def _fill(self) -> None:
        for place in self._places:
            if not (place.pid or self._until) and monotonic() >= place.due:
                self._start(place)

    def _start(self, place: _Place) -> None:
        # Held back until the worker has handlers of its own: else one could get lost in those it inherits.
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED)
        place.since = monotonic()
        try:
            place.pid = os.fork()
        except OSError as error:
            # No room for a process just now: those that serve go on.
            self._put_off(place, "a worker cannot be started", error.errno)
        else:
            if not place.pid:
                self._live(place.number)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)

    def _live(self, number: int) -> None:
        """A worker's life, to its end."""
        code = 1
        try:
            # Signals of the terminal go to the parent, who passes them on.
            os.setpgid(0, 0)
            os.close(self._lifeline)
            signal.set_wakeup_fd(-1)
            for one in (*_HEEDED, signal.SIGCHLD):
                signal.signal(one, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEEDED)
            self._work(number, self._alive, self._tell_ready)
            code = 0
        except BaseException as error:  # noqa: BLE001
            # No message but our own: another may hold what nobody should see.
            told = {"told": error.message} if isinstance(error, SaysoError) else {"exc_info": error}
            structlog.get_logger().error("a worker failed", worker=number, **told)
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _pass_on(self) -> None:
        """Pass on what this process was asked, and take no more connections."""
        asked, self._asked[:] = list(self._asked), []
        for number in asked:
            self._end(number)

    def _end(self, number: int) -> None:
        self._listener.close()
        self._until = self._until or monotonic() + self._settings.drain_seconds + LAST_WORDS
        for place in self._places:
            if place.pid:
                os.kill(place.pid, number)

    def _reap(self) -> None:
        for place in self._places:
            pid, status = os.waitpid(place.pid, os.WNOHANG) if place.pid else (0, 0)
            if pid:
                self._gone(place, os.waitstatus_to_exitcode(status))
        if self._until and monotonic() >= self._until:
            self._end(signal.SIGKILL)

    def _gone(self, place: _Place, code: int) -> None:
        place.pid = 0
        if not self._until:
            self._put_off(place, "a worker ended", code)

    def _put_off(self, place: _Place, why: str, code: int | None) -> None:
        """Fill a place again later. One that could not be filled at the beginning ends all."""
        if self._awaited > 0:
            self._failed = True
            structlog.get_logger().error(why, worker=place.number, code=code)
            self._end(signal.SIGTERM)
            return
        lived = monotonic() - place.since
        place.pause = FIRST_PAUSE if lived > LIVED else min(max(FIRST_PAUSE, place.pause * 2), LAST_PAUSE)
        place.due = monotonic() + place.pause
        structlog.get_logger().error(why, worker=place.number, code=code, again_in=place.pause)

    def _patience(self) -> float:
        """How long there is nothing to do unless somebody calls, in seconds."""
        times = [place.due for place in self._places if not place.pid and not self._until]
        return max(0.0, min([*times, *([self._until] if self._until else []), monotonic() + 60]) - monotonic())


@contextmanager
def _woken(asked: list[int]) -> Iterator[int]:
    """A pipe that can be read after each signal; those that ask to stop are added to `asked`."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = {number: signal.signal(number, lambda number, _: asked.append(number)) for number in _HEEDED}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
    old = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        yield read
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)
