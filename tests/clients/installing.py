"""Intercom's clients that the test environment itself does not have: fetched as locked when they are needed first.

Without a registry the test that needs one is skipped, and says so.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from tests.clients.toolchains import Language
from tests.machine import DEADLINE

NODE_FOLDER = Path(__file__).parent / "node"

#: The locks of programs that have a virtual environment each, and of what builds them where there are no wheels.
CONNECTORS = Path(__file__).parent / "connectors"
NODE = Language("Intercom's client for Node.js", "subscriptions.mjs", ("node",), ("npm",))

#: What pip is told of a wheel that another version of is installed already.
HASHES = {"python-intercom==4.0.0": "776bcb3dfaf30c89ea863a209bb7312985eb753ab4a7fc759af27d879249e341"}

#: What npm and pip say of bytes, or of a list of packages, that are not as locked.
_OTHER_THAN_LOCKED = re.compile(r"EINTEGRITY|can only install packages when your package.json|DO NOT MATCH THE HASHES")


@cache
def _once(command: tuple[str, ...], folder: Path, told: str = "") -> str:
    """Run what installs; why that did not work, empty if it did. `told` is its input. What came and is not what was
    locked fails the test: a registry that does not have it is no excuse for that."""
    try:
        ran = subprocess.run(
            command, cwd=folder, input=told, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
    except subprocess.TimeoutExpired:
        return "the registry does not answer"
    if ran.returncode and (wrong := _OTHER_THAN_LOCKED.search(ran.stdout + ran.stderr)):
        pytest.fail(f"what is installed is not what is locked: {wrong[0]}")
    return f"{Path(command[0]).name} ended with {ran.returncode}" if ran.returncode else ""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time installs into a folder: several test files need the same clients."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def locked(lock: Path = NODE_FOLDER / "package-lock.json") -> dict[str, str]:
    """The version of each package of the lock, by the folder it is installed in."""
    packages = json.loads(lock.read_text())["packages"]
    return {path: package["version"] for path, package in packages.items() if path}


def installed_for_node() -> None:
    """Intercom's clients for Node.js, side by side, as locked."""
    NODE.demand()
    with _alone(NODE_FOLDER):
        _install_for_node()


def _install_for_node() -> None:
    # The last that npm writes: without it, an installation was cut short.
    installed = NODE_FOLDER / "node_modules" / ".package-lock.json"
    if installed.exists() and locked(installed) == locked():
        return
    command = "npm ci --no-audit --no-fund --ignore-scripts --fetch-retries=1 --fetch-timeout=60000"
    reason = _once(tuple(command.split()), NODE_FOLDER)
    if reason:
        pytest.skip(f"intercom-client cannot be installed here: {reason}")


def cached_wheel(name: str, version: str) -> Path:
    """A folder with nothing but this version of a package, kept for the next run; its dependencies are installed."""
    folder = _kept(f"{name}-{version}")
    with _alone(folder.parent):
        if not folder.exists():
            _install_wheel(name, version, folder)
    return folder


def connector_python(name: str) -> Path:
    """The interpreter of a virtual environment with a connector and nothing else, as locked, kept for the next run."""
    locks = [CONNECTORS / "build.lock", CONNECTORS / f"{name}.lock"]
    folder = _kept(f"{name}-{sha256(b''.join(lock.read_bytes() for lock in locks)).hexdigest()[:12]}")
    with _alone(folder.parent):
        if not folder.exists():
            _install_connector(name, locks, folder)
    return folder / "bin" / "python"


def _kept(name: str) -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "sayso-tests" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _making(folder: Path) -> Iterator[Path]:
    """A folder beside it that becomes it when all went well, and is gone when not."""
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir()
    try:
        yield making
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _install_connector(name: str, locks: list[Path], folder: Path) -> None:
    # Built with what is locked too: pip would fetch what a source distribution is built with as it pleases.
    command = "-m pip --disable-pip-version-check install --quiet --no-build-isolation --require-hashes -r"
    with _making(folder) as making:
        venv.create(making, with_pip=True)
        for lock in locks:
            reason = _once((str(making / "bin" / "python"), *command.split(), str(lock)), making)
            if reason:
                pytest.skip(f"{name} cannot be installed here: {reason}")


def _install_wheel(name: str, version: str, folder: Path) -> None:
    with _making(folder) as making:
        wanted = making / "wanted.txt"
        wanted.write_text(f"{name}=={version} --hash=sha256:{HASHES[f'{name}=={version}']}\n")
        command = f"-m pip --disable-pip-version-check install --quiet --no-deps --require-hashes --target {making} -r"
        reason = _once((sys.executable, *command.split(), str(wanted)), making)
        if reason:
            pytest.skip(f"{name} {version} cannot be installed here: {reason}")
