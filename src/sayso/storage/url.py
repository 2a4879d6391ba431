"""A database's address, `sqlite:///path` or `postgresql://...`: what is wrong with it, and how it may be shown."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from sayso.domain.errors import Invalid
from sayso.storage.postgres_url import parsed

_SQLITE = re.compile(r"sqlite:///(?!:memory:)[^?]+")
_POSTGRES = ("postgresql://", "postgres://")
_FORMS = "must be sqlite:///path or postgresql://user:password@host/database"

#: Hosts, with ports or without, parted by commas; an address of IPv6 stands in brackets.
_HOSTS = re.compile(r"(?:(?:\[[0-9A-Fa-f:.]+\]|[^\s:\[\],]*)(?::[0-9]{1,5})?(?:,|$))+")

#: To the last @: a password in which something was not encoded is hidden as a whole.
_USER = re.compile(r"(\w+://[^:@/?#]*):.*@", re.DOTALL)
_PASSWORD = re.compile(r"([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)


class DatabaseUrl(str):
    """An address whose password is not shown by accident."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.shown!r})"

    @property
    def shown(self) -> str:
        """For people: with *** in the place of a password."""
        return _PASSWORD.sub(r"\1***", _USER.sub(r"\1:***@", self))

    @property
    def path(self) -> Path | None:
        """The file of an embedded database."""
        return Path(self.removeprefix("sqlite:///")) if self.startswith("sqlite:///") else None

    @property
    def fault(self) -> str | None:
        """What is wrong, without the address: it may hold a password."""
        if _SQLITE.fullmatch(self):
            return None
        return _fault(self) if self.startswith(_POSTGRES) else _FORMS

    @property
    def place(self) -> object:
        """Equal where two addresses lead to the same data, whoever asks for it."""
        if self.path is not None:
            return self.path.resolve()
        parts = urlsplit(self)
        asked = parse_qs(parts.query)
        hosts = sorted(host.removesuffix(":5432") for host in parts.netloc.rpartition("@")[2].lower().split(","))
        return hosts, parts.path, *(asked.get(name) for name in ("host", "port", "dbname", "database", "options"))


def _fault(url: str) -> str | None:
    encode = "; a password's special characters are written as %40 and the like"
    if not url.isprintable() or " " in url:
        return f"must hold no space or line end{encode}"
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
    except ValueError:
        return _FORMS + encode
    if parts.fragment or not _are_hosts(parts.netloc.rpartition("@")[2]):
        return _FORMS + encode
    try:
        parsed(url)
    except Invalid as wrong:
        return wrong.message
    if not parts.path.strip("/") and not {"dbname", "database"} & set(asked):
        return "must name a database, as in postgresql://user:password@host/database"
    return None


def _are_hosts(several: str) -> bool:
    try:
        for host in several.split(","):
            parts = urlsplit(f"//{host}")
            # Each says by a ValueError that no socket takes it: a port beyond the last, a name with an empty part.
            _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        return False
    return bool(_HOSTS.fullmatch(several))
