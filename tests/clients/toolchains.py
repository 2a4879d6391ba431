"""The nine languages of the examples: the file, what runs it, and what must be installed for that."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.machine import lacks

EXAMPLES = Path(__file__).parents[2] / "examples/clients"


@dataclass(frozen=True)
class Language:
    """`build`, where there is one, is run once in an empty folder. `probe` exits with 0 where the libraries are there."""

    name: str
    file: str
    run: tuple[str, ...]
    build: tuple[str, ...] = ()
    probe: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        return EXAMPLES / self.file

    def missing(self) -> str:
        """What is not installed here, empty if all is."""
        programs = [command[0] for command in (self.run, self.build, self.probe) if command]
        absent = [program for program in programs if shutil.which(program) is None]
        if absent:
            return ", ".join(absent)
        if self.probe and subprocess.run(self.probe, capture_output=True, check=False).returncode:
            return " ".join(self.probe)
        return ""

    def demand(self) -> None:
        """Skip the test where the toolchain is absent; where nothing may be absent, fail it."""
        missing = self.missing()
        if missing:
            lacks(f"{self.name}: not installed here: {missing} (scripts/install-clients.sh installs it)")

    def command(self, folder: Path) -> list[str]:
        """The command that runs the example, built before in `folder` where that is needed."""
        if self.build:
            subprocess.run(self._filled(self.build, folder), check=True, capture_output=True)
        return self._filled(self.run, folder)

    def _filled(self, command: tuple[str, ...], folder: Path) -> list[str]:
        return [word.format(source=self.source, folder=folder) for word in command]


LANGUAGES = (
    Language("curl", "subscriptions.sh", ("sh", "{source}"), probe=("curl", "--version")),
    Language("Node.js", "subscriptions.mjs", ("node", "{source}"), probe=("node", "-e", "fetch.name")),
    Language("Ruby", "subscriptions.rb", ("ruby", "{source}")),
    Language("PHP", "subscriptions.php", ("php", "{source}"), probe=("php", "-r", "exit((int) !function_exists('curl_init'));")),
    Language("Python", "subscriptions.py", ("python3", "{source}")),
    Language("Java", "Subscriptions.java", ("java", "{source}"), probe=("javac", "--version")),
    Language("Go", "subscriptions.go", ("go", "run", "{source}")),
    Language("C#", "Subscriptions.cs", ("mono", "{folder}/Subscriptions.exe"), ("mcs", "-out:{folder}/Subscriptions.exe", "{source}")),
    Language("R", "subscriptions.R", ("Rscript", "{source}"), probe=("Rscript", "-e", "library(httr); library(jsonlite)")),
)  # fmt: skip
