"""How the value of a setting is read, from text or TOML. What is refused is never repeated: it may be a secret in the
wrong place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


class Refused(Exception):
    """What the value must be."""


class FileName(str):
    """The name of a file; empty where there is none."""

    __slots__ = ()


_YES_NO = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_NUMBER = re.compile(r"-?[0-9]{1,18}")


def read_flag(value: Any) -> bool:
    known = _YES_NO.get(str(value).lower())
    if known is None:
        raise Refused("must be true or false")
    return known


def read_number(value: Any) -> int:
    if isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
        raise Refused("must be a whole number")
    return int(value)


def read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused("must be a string")
    if "\0" in value:
        raise Refused("must not contain NUL")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Refused("must be UTF-8 text")
    return value


def read_folder(value: Any) -> Path:
    # An empty name would mean the working directory, which nobody asked for.
    if not read_text(value).strip():
        raise Refused("must name a folder; the working directory is called .")
    return Path(value)


def read_file_name(value: Any) -> FileName:
    # Whoever gives a name that turns out empty did not mean to do without the file.
    if not read_text(value).strip():
        raise Refused("must name a file; leave it out where there is none")
    return FileName(value)
