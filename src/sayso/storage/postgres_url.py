"""A PostgreSQL URL taken apart: the hosts to try, and the options that are ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sayso.domain.errors import Invalid

#: How many connections a process holds where the URL does not say.
CONNECTIONS = 8

_TRUTHS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is. `hosts` are URLs of one host each, to be shown to nobody: they hold the password.

    `pgbouncer`: a pooler in transaction mode stands between. `coalescing`: requests of one tick share a statement.
    """

    hosts: tuple[str, ...] = field(repr=False)
    pgbouncer: bool = False
    coalescing: bool = True
    connections: int = CONNECTIONS


def is_postgres(url: str) -> bool:
    return url.partition("://")[0] in {"postgresql", "postgres"}


def parsed(url: str) -> Place:
    """Raises Invalid, which does not repeat the URL."""
    if not is_postgres(url):
        raise Invalid("a PostgreSQL URL starts with postgresql://", "database_url")
    try:
        scheme, netloc, path, query, _ = urlsplit(url)
        options = dict(parse_qsl(query, keep_blank_values=True))
    except ValueError as error:
        raise Invalid(f"the database's URL cannot be read: {error}", "database_url") from None
    pgbouncer = _truth(options, "pgbouncer", otherwise=False)
    coalescing = _truth(options, "coalescing", otherwise=True)
    connections = _count(options)
    user, at, hosts = netloc.rpartition("@")
    several = hosts.split(",")
    if len(several) > 1:
        # A standby takes no writes, and each of our processes writes.
        options.setdefault("target_session_attrs", "read-write")
    asked = urlencode(options)
    urls = (urlunsplit((scheme, user + at + host, path, asked, "")) for host in several)
    return Place(tuple(urls), pgbouncer, coalescing, connections)


def _truth(options: dict[str, str], name: str, *, otherwise: bool) -> bool:
    told = options.pop(name, None)
    if told is None:
        return otherwise
    if told.lower() not in _TRUTHS:
        raise Invalid(f"{name} in the database's URL is true or false", "database_url")
    return _TRUTHS[told.lower()]


def _count(options: dict[str, str]) -> int:
    told = options.pop("connections", str(CONNECTIONS))
    if not told.isdecimal() or not 2 <= int(told) <= 1_000:
        raise Invalid("connections in the database's URL is a number from 2 to 1000", "database_url")
    return int(told)
