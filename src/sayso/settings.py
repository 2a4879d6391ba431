"""Settings: one frozen object, read once. Flags, then SAYSO_* variables, then sayso.toml, then defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from sayso.service.region import NAMES


class WrongSetting(Exception):
    """One clear line: which setting, from where, and what it should be."""


class Secret(str):
    """A string that does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('***')"


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """A region served beside the default one: the host names that lead to it, and where its data lies."""

    hosts: tuple[str, ...]
    database_url: str


@dataclass(frozen=True, slots=True)
class Settings:
    host: str = field(default="127.0.0.1", metadata={"help": "Address to listen on."})
    port: int = field(default=8080, metadata={"help": "Port to listen on; 0 takes a free one."})
    data_dir: Path = field(default=Path("sayso-data"), metadata={"help": "Where the embedded database lies."})
    database_url: str = field(default="", metadata={"help": "sqlite:///path; empty: sayso.db in the data directory."})
    bootstrap_token: Secret = field(
        default=Secret(""), metadata={"help": "Value of the first token, with every scope.", "secret": True}
    )
    region: str = field(default="us", metadata={"help": "The region that answers unlisted hosts: us, eu or au."})
    public_url: str = field(
        default="", metadata={"help": "Where clients reach the server, for links and /openapi.json."}
    )
    rate_limit: int = field(default=10_000, metadata={"help": "Requests a minute and token; 0 switches the limit off."})
    tls_cert: str = field(default="", metadata={"help": "File with the certificate chain, PEM."})
    tls_key: str = field(default="", metadata={"help": "File with the certificate's key, PEM."})
    trusted_proxies: str = field(default="", metadata={"help": "Addresses or networks whose X-Forwarded-* counts."})
    metrics_public: bool = field(default=False, metadata={"help": "Whether /metrics answers more than loopback."})
    log_requests: bool = field(default=False, metadata={"help": "Whether to log a line for each request."})
    log_format: str = field(default="auto", metadata={"help": "console, json, or auto: console on a terminal."})
    drain_seconds: int = field(default=30, metadata={"help": "How long a stopping server waits for open requests."})
    regions: Mapping[str, RegionSettings] = field(default_factory=dict, metadata={"help": "Other regions served here."})


#: A setting's value and where it came from.
Sourced = tuple[Any, str]


def load(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> tuple[Settings, dict[str, str]]:
    """The settings, and each one's source. Raises WrongSetting."""
    environment = os.environ if environment is None else environment
    values: dict[str, Sourced] = {}
    values.update(_from_file(file or Path(environment.get("SAYSO_CONFIG", "sayso.toml")), required=file is not None))
    values.update(_from_environment(environment))
    values.update({name: (value, "flag") for name, value in (flags or {}).items() if value is not None})
    parsed = {name: _parsed(name, value, source) for name, (value, source) in values.items()}
    settings = Settings(**parsed)
    _check(settings)
    sources = {known.name: values.get(known.name, (None, "default"))[1] for known in fields(Settings)}
    return settings, sources


def _from_file(path: Path, *, required: bool) -> dict[str, Sourced]:
    if not path.exists() and not required:
        return {}
    try:
        table = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongSetting(f"{path}: {error}") from None
    return {_known(name, str(path)): (value, str(path)) for name, value in table.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Sourced]:
    found: dict[str, Sourced] = {}
    for setting in fields(Settings):
        variable = f"SAYSO_{setting.name.upper()}"
        if setting.metadata.get("secret") and f"{variable}_FILE" in environment:
            found[setting.name] = (_secret_file(environment[f"{variable}_FILE"], variable), f"{variable}_FILE")
        elif variable in environment and setting.name != "regions":
            found[setting.name] = (environment[variable], variable)
    return found


def _secret_file(path: str, variable: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise WrongSetting(f"{variable}_FILE: {error}") from None


def _known(name: str, source: str) -> str:
    known = [setting.name for setting in fields(Settings)]
    if name not in known:
        raise WrongSetting(f"{source}: there is no setting {name}; there are {', '.join(known)}")
    return name


_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _parsed(name: str, value: Any, source: str) -> Any:
    default = getattr(Settings(), name)
    try:
        match default:
            case bool():
                return value if isinstance(value, bool) else _FLAGS[str(value).lower()]
            case int():
                return int(str(value))
            case Path():
                return Path(str(value))
            case Secret():
                return Secret(value)
            case str():
                return _text(value)
        return {region: _region(region, table) for region, table in value.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongSetting(f"{name} ({source}): {_expected(default)}{_reason(error)}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be a string")
    return value


def _region(name: str, table: Mapping[str, Any]) -> RegionSettings:
    if name not in NAMES:
        raise ValueError(f"there is no region {name}; there are {', '.join(NAMES)}")
    unknown = set(table) - {"hosts", "database_url"}
    if unknown:
        raise ValueError(f"regions.{name} has no {', '.join(sorted(unknown))}; it has hosts and database_url")
    return RegionSettings(tuple(table.get("hosts", ())), table.get("database_url", ""))


def _expected(default: Any) -> str:
    match default:
        case bool():
            return "must be true or false"
        case int():
            return "must be a whole number"
    return ""


def _reason(error: Exception) -> str:
    return "" if isinstance(error, KeyError) or "invalid literal" in str(error) else f" {error}"


def _check(settings: Settings) -> None:
    rules = (
        (0 <= settings.port < 65_536, "port: must be from 0 to 65535"),
        (settings.rate_limit >= 0, "rate_limit: must be 0 or more requests a minute"),
        (settings.drain_seconds >= 0, "drain_seconds: must be 0 or more"),
        (settings.region in NAMES, f"region: must be one of {', '.join(NAMES)}"),
        (settings.log_format in ("auto", "console", "json"), "log_format: must be auto, console or json"),
        (bool(settings.tls_cert) == bool(settings.tls_key), "tls_cert and tls_key: set both or neither"),
        (
            not settings.database_url or settings.database_url.startswith("sqlite:///"),
            "database_url: must be sqlite:///path",
        ),
        (not settings.bootstrap_token or len(settings.bootstrap_token) >= 8, "bootstrap_token: at least 8 characters"),
    )
    for holds, told in rules:
        if not holds:
            raise WrongSetting(told)
    for name in ("tls_cert", "tls_key"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            raise WrongSetting(f"{name}: there is no file {path}")
    _check_proxies(settings.trusted_proxies)


def _check_proxies(networks: str) -> None:
    for network in networks.replace(",", " ").split():
        try:
            ip_network(network, strict=False)
        except ValueError as error:
            raise WrongSetting(f"trusted_proxies: {error}") from None
