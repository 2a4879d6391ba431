"""Settings: one frozen object, read once. Flags, then SAYSO_* variables, then sayso.toml, then defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sayso.domain.region import NAMES
from sayso.setting_values import (
    FileName,
    Refused,
    read_file_name,
    read_flag,
    read_folder,
    read_number,
    read_text,
)
from sayso.storage.url import DatabaseUrl

DEFAULT_FILE = Path("sayso.toml")

#: Names the file; unlike sayso.toml in the working directory, a file named by it must be there.
FILE_VARIABLE = "SAYSO_CONFIG"


class WrongSetting(Exception):
    """One clear line: which setting, from where, and what it should be."""


class Secret(str):
    """A string that does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')"


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """A region served here: the host names that lead to it, and where its data lies."""

    hosts: tuple[str, ...] = ()
    database_url: DatabaseUrl = DatabaseUrl()  # noqa: RUF009


def _told(about: str, *, secret: bool = False) -> dict[str, Any]:
    return {"help": about, "secret": secret}


@dataclass(frozen=True, slots=True)
class Settings:
    """`bootstrap_token` and `regions` have no flag: a command line is seen by others, and a table is no word."""

    host: str = field(default="127.0.0.1", metadata=_told("Address to listen on."))
    port: int = field(default=8080, metadata=_told("Port to listen on; 0 takes a free one."))
    data_dir: Path = field(default=Path("sayso-data"), metadata=_told("Folder in which the embedded database lies."))
    database_url: DatabaseUrl = field(
        default=DatabaseUrl(),
        metadata=_told("sqlite:///path or postgresql://...; empty: sayso.db in the data directory.", secret=True),
    )
    database_timeout: int = field(
        default=5,
        metadata=_told("How long a request waits for the database, in seconds, before it is answered with 503."),
    )
    workers: int = field(default=1, metadata=_told("Processes that serve; more than one needs PostgreSQL."))
    bootstrap_token: Secret = field(
        default=Secret(""), metadata=_told("Value of the first token; it has every scope.", secret=True)
    )
    region: str = field(default="us", metadata=_told("The region that answers unlisted hosts: us, eu or au."))
    public_url: str = field(default="", metadata=_told("Where clients reach the server, for links and /openapi.json."))
    rate_limit: int = field(
        default=10_000, metadata=_told("Requests a minute for each token; 0 switches the limit off.")
    )
    tls_cert: FileName = field(default=FileName(""), metadata=_told("File with the certificate chain, PEM."))
    tls_key: FileName = field(default=FileName(""), metadata=_told("File with the certificate's key, PEM."))
    trusted_proxies: str = field(
        default="", metadata=_told("Addresses or networks whose X-Forwarded-For, -Host and -Proto count.")
    )
    max_connections_per_address: int = field(
        default=512,
        metadata=_told("Connections, or requests through trusted proxies, at a time for each address; 0: no limit."),
    )
    metrics_public: bool = field(default=False, metadata=_told("Whether /metrics answers without a token."))
    log_requests: bool = field(default=False, metadata=_told("Whether to log a line for each request."))
    log_format: str = field(default="auto", metadata=_told("console, json, or auto: console on a terminal."))
    digest: bool = field(
        default=False, metadata=_told("Whether to log the digest of each workspace once the server is ready.")
    )
    drain_seconds: int = field(default=30, metadata=_told("How long a stopping server waits for open requests."))
    ephemeral: bool = field(
        default=False,
        metadata=_told("For tests: all in memory, nothing kept, clock and faults under /sayso/test/; loopback alone."),
    )
    regions: Mapping[str, RegionSettings] = field(
        default_factory=dict,
        metadata=_told("Tables such as [regions.eu] with hosts and database_url, in the file alone."),
    )


#: Settings that can be given as flags.
FLAGS = tuple(setting.name for setting in fields(Settings) if setting.name not in ("bootstrap_token", "regions"))

#: A setting's value and where it came from.
Sourced = tuple[Any, str]


def load(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: str | Path | None = None,
) -> tuple[Settings, dict[str, str]]:
    """The settings, and each one's source. `file` is what `--config` names. Raises WrongSetting."""
    environment = os.environ if environment is None else environment
    named, source = (environment.get(FILE_VARIABLE), FILE_VARIABLE) if file is None else (str(file), "--config")
    path = DEFAULT_FILE if named is None else Path(_file_name(named, source))
    values = _from_file(path, required=named is not None)
    values.update(_from_environment(environment))
    values.update({name: (value, flag(name)) for name, value in (flags or {}).items() if value is not None})
    settings = Settings(**{name: _parsed(name, value, source) for name, (value, source) in values.items()})
    sources = {known.name: values.get(known.name, (None, "default"))[1] for known in fields(Settings)}
    _check(settings, sources)
    return settings, sources


def flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def variable(name: str) -> str:
    return f"SAYSO_{name.upper()}"


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """SAYSO_* variables that are nobody's setting: most are misspelt, some belong to other programs."""
    known = {FILE_VARIABLE}
    for setting in fields(Settings):
        known |= {variable(setting.name), f"{variable(setting.name)}_FILE"}
    return sorted(name for name in environment if name.startswith("SAYSO_") and name not in known)


def shown(settings: Settings, name: str) -> Any:
    """A setting's value as people and JSON may see it: a secret as `***`."""
    value = getattr(settings, name)
    if isinstance(value, Secret):
        return "***" if value else ""
    if isinstance(value, DatabaseUrl):
        return value.shown
    if isinstance(value, Mapping):
        return {name: {"hosts": list(one.hosts), "database_url": one.database_url.shown} for name, one in value.items()}
    return str(value) if isinstance(value, Path) else value


def _from_file(path: Path, *, required: bool) -> dict[str, Sourced]:
    # Imported here: most starts have no file.
    import tomllib  # noqa: PLC0415

    if not path.exists() and not required:
        return {}
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WrongSetting(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongSetting(f"{path}: {error}") from None
    return {_known(name, str(path)): (value, str(path)) for name, value in table.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Sourced]:
    """An empty variable counts as not set: that is how compose files pass on what is not set. One that names a file or
    a folder is read all the same, and refused: what it was meant to name would be missed only later."""
    found: dict[str, Sourced] = {}
    for setting in fields(Settings):
        name = variable(setting.name)
        in_file = environment.get(f"{name}_FILE") if setting.metadata["secret"] else None
        if in_file and environment.get(name):
            raise WrongSetting(f"{name} and {name}_FILE: set one of them")
        if in_file is not None:
            found[setting.name] = (_secret_file(in_file, name), f"{name}_FILE")
        elif environment.get(name) or (name in environment and isinstance(setting.default, (Path, FileName))):
            found[setting.name] = (environment[name], name)
    return found


def _file_name(name: str, source: str) -> str:
    try:
        return read_file_name(name)
    except Refused as refused:
        raise WrongSetting(f"{source}: {refused}") from None


def _secret_file(path: str, name: str) -> str:
    path = _file_name(path, f"{name}_FILE")
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise WrongSetting(f"{name}_FILE: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise WrongSetting(f"{name}_FILE: {path}: not UTF-8 text") from None


def _known(name: str, source: str) -> str:
    known = [setting.name for setting in fields(Settings)]
    if name not in known:
        raise WrongSetting(f"{source}: there is no setting {name}; there are {', '.join(known)}")
    return name


def _parsed(name: str, value: Any, source: str) -> Any:
    try:
        read = _reader(name)(value)
    except Refused as refused:
        raise WrongSetting(f"{name} ({source}): {refused}") from None
    if value == "" and source == flag(name):
        raise WrongSetting(f"{name} ({source}): must not be empty; leave it out for the default")
    return read


def _reader(name: str) -> Callable[[Any], Any]:
    default = getattr(Settings(), name)
    readers: tuple[tuple[type, Callable[[Any], Any]], ...] = (
        (bool, read_flag),
        (int, read_number),
        (Path, read_folder),
        (FileName, read_file_name),
        (Secret, lambda value: Secret(read_text(value))),
        (DatabaseUrl, lambda value: DatabaseUrl(read_text(value))),
        (str, read_text),
    )
    return next((reader for kind, reader in readers if isinstance(default, kind)), _regions)


def _regions(value: Any) -> dict[str, RegionSettings]:
    if not isinstance(value, Mapping) or not all(isinstance(table, Mapping) for table in value.values()):
        raise Refused("must be tables in sayso.toml, such as [regions.eu]")
    return {name: _region(name, table) for name, table in value.items()}


#: A name or an address. Another spelling would match no Host header, and requests would go to the default region.
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")


def _region(name: str, table: Mapping[str, Any]) -> RegionSettings:
    if name not in NAMES:
        raise Refused(f"there is no region {name}; there are {', '.join(NAMES)}")
    unknown = set(table) - {"hosts", "database_url"}
    if unknown:
        raise Refused(f"{name} has no {', '.join(sorted(unknown))}; it has hosts and database_url")
    hosts, url = table.get("hosts", []), table.get("database_url", "")
    if not isinstance(hosts, list) or not all(isinstance(host, str) and _HOST.fullmatch(host) for host in hosts):
        raise Refused(f"hosts of {name} must be a list of host names, without scheme and port")
    if not isinstance(url, str):
        raise Refused(f"database_url of {name} must be a string")
    return RegionSettings(tuple(host.lower() for host in hosts), DatabaseUrl(url))


#: RFC 6750's form of a token: what a client can send as Bearer, and as the user name of Basic.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{8,}=*")


def _check(settings: Settings, sources: Mapping[str, str]) -> None:
    def refuse_unless(name: str, told: str, *, holds: bool) -> None:
        if not holds:
            raise WrongSetting(f"{name} ({sources[name]}): {told}")

    refuse_unless("host", "must name an address to listen on", holds=bool(settings.host.strip()))
    refuse_unless("port", "must be from 0 to 65535", holds=0 <= settings.port < 65_536)
    fault = settings.database_url and settings.database_url.fault
    refuse_unless("database_url", fault or "", holds=not fault)
    refuse_unless("database_timeout", "must be 1 second or more", holds=settings.database_timeout >= 1)
    refuse_unless("workers", "must be 1 or more", holds=settings.workers >= 1)
    refuse_unless(
        "bootstrap_token",
        "must have 8 characters or more: letters, digits and - . _ ~ + /",
        holds=not settings.bootstrap_token or bool(_TOKEN.fullmatch(settings.bootstrap_token)),
    )
    refuse_unless("region", f"must be one of {', '.join(NAMES)}", holds=settings.region in NAMES)
    refuse_unless("public_url", "must be an http:// or https:// address", holds=_is_address(settings.public_url))
    refuse_unless("rate_limit", "must be 0 or more requests a minute", holds=settings.rate_limit >= 0)
    most = settings.max_connections_per_address
    refuse_unless("max_connections_per_address", "must be 0 or more", holds=most >= 0)
    refuse_unless("trusted_proxies", "must be addresses or networks", holds=_are_networks(settings.trusted_proxies))
    formats = ("auto", "console", "json")
    refuse_unless("log_format", f"must be one of {', '.join(formats)}", holds=settings.log_format in formats)
    refuse_unless("drain_seconds", "must be 0 or more", holds=settings.drain_seconds >= 0)
    _check_tls(settings)
    _check_regions(settings)
    if settings.ephemeral:
        _check_ephemeral(settings)
    embedded = [name for name, url in databases(settings).items() if url.path is not None]
    told = f"more than one needs PostgreSQL, and the database of {', '.join(embedded)} is a file: set database_url"
    refuse_unless("workers", told, holds=settings.workers == 1 or not embedded)


def _check_ephemeral(settings: Settings) -> None:
    """Whoever reaches it may put it back and set its clock, and what it is told is gone with it."""
    if not _is_loopback(settings.host):
        raise WrongSetting("ephemeral: serves this machine alone; host must be a loopback address, such as 127.0.0.1")
    if settings.database_url or any(region.database_url for region in settings.regions.values()):
        raise WrongSetting("ephemeral: keeps nothing in a database; leave out database_url")
    if settings.workers != 1:
        raise WrongSetting("ephemeral: keeps everything in one process; workers must be 1")


def _is_loopback(host: str) -> bool:
    # Imported here: most settings need no such look.
    from ipaddress import ip_address  # noqa: PLC0415

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(url: str) -> bool:
    return not url or bool(re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url))


def _are_networks(networks: str) -> bool:
    if not networks:
        return True
    # Imported here: most settings name none.
    from sayso.http.proxies import TrustedProxies  # noqa: PLC0415

    try:
        TrustedProxies(networks)
    except ValueError:
        return False
    return True


def _check_tls(settings: Settings) -> None:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise WrongSetting("tls_cert and tls_key: set both or neither")
    for name in ("tls_cert", "tls_key"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            raise WrongSetting(f"{name}: there is no file {path}")
    if not settings.tls_cert:
        return
    import ssl  # noqa: PLC0415

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, lambda: "")
    except OSError as error:
        told = getattr(error, "reason", None) or error.strerror or "cannot be read"
        raise WrongSetting(f"tls_cert and tls_key: no certificate with its own key, unencrypted ({told})") from None


def _check_regions(settings: Settings) -> None:
    hosts = [host for region in settings.regions.values() for host in region.hosts]
    twice = sorted({host for host in hosts if hosts.count(host) > 1})
    if twice:
        raise WrongSetting(f"regions: {', '.join(twice)} leads to more than one region")
    for name, region in settings.regions.items():
        fault = region.database_url and region.database_url.fault
        if fault:
            raise WrongSetting(f"regions.{name}: database_url {fault}")
    default = settings.regions.get(settings.region)
    if default and default.database_url and settings.database_url:
        raise WrongSetting(f"database_url and regions.{settings.region}: the same database is given twice")
    places = [url.place for url in databases(settings).values()]
    if any(place in places[:number] for number, place in enumerate(places)):
        raise WrongSetting("regions: each needs a database of its own")


def databases(settings: Settings) -> dict[str, DatabaseUrl]:
    """Where each region's data lies, by region."""
    return {name: _database(settings, name) for name in sorted({settings.region, *settings.regions})}


def _database(settings: Settings, region: str) -> DatabaseUrl:
    known = settings.regions.get(region, RegionSettings())
    url = known.database_url or (settings.database_url if region == settings.region else "")
    file = settings.data_dir / ("sayso.db" if region == settings.region else f"sayso-{region}.db")
    return DatabaseUrl(url or f"sqlite:///{file}")
