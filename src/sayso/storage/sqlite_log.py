"""Keeping the write-ahead log short: it can only be reset when no snapshot needs it, so slow reads give way to it."""

from __future__ import annotations

from sayso.domain.errors import Unavailable
from sayso.storage.sqlite_readers import ReaderPool
from sayso.storage.sqlite_writer import Writer

#: No slow read starts while the log is longer than this, and those that run are interrupted when it is twice as long,
#: in pages of 4 KiB.
LOG_PAUSE = 8_000

#: So many checkpoints without slow reads are tried, the later ones without bounded reads too, before reads go on again.
TRIES = 5
TRIES_BESIDE_BOUNDED_READS = 2

#: How long to wait between two tries, in seconds: longer than a bounded read runs.
RETRY_AFTER = 0.2


class LogRelief:
    """Pauses reads while the log is long, and says when a checkpoint is needed for them to go on.

    The engine asks `needs_checkpoint` between batches, orders one where it is, and reports it by `end_checkpoint`.
    """

    def __init__(self, writer: Writer, slow: ReaderPool, bounded: ReaderPool) -> None:
        self._writer = writer
        self._slow = slow
        self._bounded = bounded
        self._threshold = LOG_PAUSE
        self._failures = 0
        self._waiting = False
        #: Whether reads are paused.
        self.is_active = False

    def needs_checkpoint(self) -> bool:
        pages = self._writer.log_pages
        if pages <= LOG_PAUSE:
            self._threshold = LOG_PAUSE
        if not self.is_active:
            if pages <= self._threshold or not self._writer.checkpoints:
                return False
            self.is_active, self._failures = True, 0
            self._slow.pause()
        if pages > self._threshold + LOG_PAUSE:
            self._slow.interrupt(Unavailable("The database has too much to write for this read; try again"))
        return self._slow.is_idle and not self._waiting and (self._may_run_beside_bounded or self._bounded.is_idle)

    def begin_checkpoint(self) -> None:
        self._waiting = True

    def end_checkpoint(self, *, is_complete: bool) -> bool:
        """Whether to try again, after `RETRY_AFTER` and a call of `retry`."""
        self._failures += not is_complete
        if not is_complete and self._failures < TRIES:
            if not self._may_run_beside_bounded:
                self._bounded.pause()
            return True
        # What still holds the log is no read of ours, but a backup, for example.
        self._threshold = LOG_PAUSE if is_complete else self._writer.log_pages + LOG_PAUSE
        self._waiting = self.is_active = False
        self._slow.resume()
        self._bounded.resume()
        return False

    def retry(self) -> None:
        self._waiting = False

    @property
    def _may_run_beside_bounded(self) -> bool:
        return self._failures < TRIES_BESIDE_BOUNDED_READS
