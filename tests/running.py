"""A real server as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType

import httpx2
from tests.cast import TOKEN
from tests.conformance import descriptions
from tests.machine import DEADLINE

_ADDRESS = re.compile(r"https?://[\[\]\w.:]+:\d+")


class Running:
    """`sayso serve` in a folder, on a free port. `url` is its address, `output` what it has said so far.

    `program`: what Python is told to run.
    """

    def __init__(self, folder: Path, *flags: str, program: Sequence[str] = ("-m", "sayso"), **environment: str) -> None:
        self.folder = folder
        self.flags = flags
        self._program = program
        self.token = TOKEN
        self.url = ""
        self.output: list[str] = []
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SAYSO_")},
            "SAYSO_BOOTSTRAP_TOKEN": TOKEN,
            "SAYSO_RATE_LIMIT": "0",
            # A database on a busy machine is slow, not away.
            "SAYSO_DATABASE_TIMEOUT": str(int(DEADLINE)),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self._answered = threading.Event()

    def __enter__(self) -> Running:
        self.process = subprocess.Popen(
            [sys.executable, *self._program, "serve", "--port", "0", *self.flags],
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._answered.wait(DEADLINE), self.said
        assert self.url, self.said
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        assert self.process.stdout
        self._reader.join(DEADLINE)
        self.process.stdout.close()

    @property
    def said(self) -> str:
        return "".join(self.output)

    @property
    def client(self) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=DEADLINE,
            event_hooks={"response": [descriptions.watch]},
        )

    def stop(self) -> int:
        """Ask it to stop, and wait until it has said all; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code

    def heard(self, words: str) -> str:
        """What it has said once the line that holds these words is whole."""
        deadline = monotonic() + DEADLINE
        while words not in self.said or not self.said.endswith("\n"):
            assert monotonic() < deadline, self.said
            self._reader.join(0.01)
        return self.said

    def kill(self) -> None:
        """No chance to say goodbye."""
        self.process.kill()
        self.process.wait(DEADLINE)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output.append(line)
            found = _ADDRESS.search(line)
            if found and not self.url:
                self.url = found[0]
                self._answered.set()
        self._answered.set()
