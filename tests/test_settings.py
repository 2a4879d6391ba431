"""Settings: where a value comes from, and what is told about a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme

from sayso.settings import FLAGS, RegionSettings, Secret, Settings, WrongSetting, databases, load, shown


def _file(folder: Path, text: str) -> Path:
    path = folder / "sayso.toml"
    path.write_text(text, "utf-8")
    return path


def _wrong(*, environment: dict[str, str] | None = None, file: Path | None = None, **flags: Any) -> str:
    with pytest.raises(WrongSetting) as wrong:
        load(flags, environment or {}, file)
    assert "\n" not in str(wrong.value)
    return str(wrong.value)


def test_without_anything_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    settings, sources = load({}, {})

    assert Settings() == settings
    assert {"default"} == set(sources.values())


@pytest.mark.parametrize(
    ("flags", "environment", "expected"),
    [
        ({"port": "1"}, {"SAYSO_PORT": "2"}, (1, "--port")),
        ({"port": None}, {"SAYSO_PORT": "2"}, (2, "SAYSO_PORT")),
        ({}, {"SAYSO_PORT": ""}, (3, "file")),
        ({}, {}, (3, "file")),
    ],
)
def test_a_flag_precedes_a_variable_precedes_the_file(
    tmp_path: Path, flags: dict[str, Any], environment: dict[str, str], expected: tuple[int, str]
):
    file = _file(tmp_path, "port = 3")
    settings, sources = load(flags, environment, file)

    assert (expected[0], expected[1].replace("file", str(file))) == (settings.port, sources["port"])


def test_the_file_in_the_working_directory_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _file(tmp_path, "rate_limit = 6")
    monkeypatch.chdir(tmp_path)

    assert 6 == load({}, {})[0].rate_limit


def test_the_file_that_sayso_config_names_is_read(tmp_path: Path):
    file = _file(tmp_path, 'host = "::1"')

    assert "::1" == load({}, {"SAYSO_CONFIG": str(file)})[0].host


def test_a_file_that_is_named_must_be_there(tmp_path: Path):
    nowhere = tmp_path / "nowhere.toml"

    assert str(nowhere) in _wrong(file=nowhere)
    assert str(nowhere) in _wrong(environment={"SAYSO_CONFIG": str(nowhere)})


@pytest.mark.parametrize("text", ["port = ", "port = 1\nport = 2", "[regions", "\x00"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: str):
    file = _file(tmp_path, text)

    assert _wrong(file=file).startswith(f"{file}: ")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    file = tmp_path / "sayso.toml"
    file.write_bytes(b'host = "\xff"')

    assert _wrong(file=file).startswith(f"{file}: ")


def test_a_key_that_is_no_setting_is_refused(tmp_path: Path):
    assert "there is no setting prot; there are host, port" in _wrong(file=_file(tmp_path, "prot = 1"))


ADDRESS = "must be sqlite:///path or postgresql://user:password@host/database"
ENCODE = "a password's special characters are written as %40 and the like"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("host", " ", "must name an address to listen on"),
        ("port", "eighty", "must be a whole number"),
        ("port", "80.5", "must be a whole number"),
        ("port", "1" * 5_000, "must be a whole number"),
        ("port", "-1", "must be from 0 to 65535"),
        ("port", "65536", "must be from 0 to 65535"),
        ("data_dir", "a\0b", "must not contain NUL"),
        ("data_dir", "a\udcff", "must be UTF-8 text"),
        ("data_dir", " ", "must name a folder; the working directory is called ."),
        ("database_url", "sqlite:///", ADDRESS),
        ("database_url", "sqlite:///:memory:", ADDRESS),
        ("database_url", "sqlite:///a.db?mode=ro", ADDRESS),
        ("database_url", "mysql://sayso:secret@db/sayso", ADDRESS),
        ("database_url", "postgresql://db", "must name a database, as in postgresql://user:password@host/database"),
        ("database_url", "postgresql://sayso:se/cret@db/sayso", f"{ADDRESS}; {ENCODE}"),
        ("database_url", "postgresql://db:54x/sayso", f"{ADDRESS}; {ENCODE}"),
        ("database_url", "postgresql://sayso:se cret@db/sayso", f"must hold no space or line end; {ENCODE}"),
        ("database_url", "postgresql://db/sayso?pgbouncer=2", "pgbouncer in the database's URL is true or false"),
        ("database_timeout", "0", "must be 1 second or more"),
        ("workers", "0", "must be 1 or more"),
        ("workers", "2", "more than one needs PostgreSQL, and the database of us is a file: set database_url"),
        ("region", "mars", "must be one of us, eu, au"),
        ("public_url", "api.example.com", "must be an http:// or https:// address"),
        ("public_url", "https://api.example.com/?a=b", "must be an http:// or https:// address"),
        ("rate_limit", "-1", "must be 0 or more requests a minute"),
        ("rate_limit", "many", "must be a whole number"),
        ("max_connections_per_address", "-1", "must be 0 or more"),
        ("trusted_proxies", "10.0.0.0/33", "must be addresses or networks"),
        ("trusted_proxies", "proxy.example.com", "must be addresses or networks"),
        ("metrics_public", "perhaps", "must be true or false"),
        ("log_requests", "2", "must be true or false"),
        ("log_format", "xml", "must be one of auto, console, json"),
        ("drain_seconds", "-1", "must be 0 or more"),
    ],
)
def test_a_wrong_value_is_told_with_its_source(name: str, value: str, told: str):
    assert f"{name} (SAYSO_{name.upper()}): {told}" == _wrong(environment={f"SAYSO_{name.upper()}": value})
    assert f"{name} (--{name.replace('_', '-')}): {told}" == _wrong(**{name: value})


NO_FILE = "must name a file; leave it out where there is none"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("data_dir", "must name a folder; the working directory is called ."),
        ("tls_cert", NO_FILE),
        ("tls_key", NO_FILE),
    ],
)
def test_an_empty_name_of_a_file_or_a_folder_is_refused_wherever_it_comes_from(tmp_path: Path, name: str, message: str):
    file = _file(tmp_path, f'{name} = ""')

    assert f"{name} (--{name.replace('_', '-')}): {message}" == _wrong(**{name: ""})
    assert f"{name} (SAYSO_{name.upper()}): {message}" == _wrong(environment={f"SAYSO_{name.upper()}": ""})
    assert f"{name} ({file}): {message}" == _wrong(file=file)


def test_an_empty_name_of_a_settings_file_or_a_secret_s_is_refused():
    assert f"SAYSO_CONFIG: {NO_FILE}" == _wrong(environment={"SAYSO_CONFIG": ""})
    for name in ("SAYSO_BOOTSTRAP_TOKEN_FILE", "SAYSO_DATABASE_URL_FILE"):
        assert f"{name}: {NO_FILE}" == _wrong(environment={name: " "})


@pytest.mark.parametrize("name", ["host", "database_url", "region", "public_url", "trusted_proxies", "log_format"])
def test_an_empty_flag_is_refused_and_an_empty_variable_counts_as_not_set(name: str):
    message = "must not be empty; leave it out for the default"

    assert f"{name} (--{name.replace('_', '-')}): {message}" == _wrong(**{name: ""})
    assert "default" == load({}, {f"SAYSO_{name.upper()}": ""})[1][name]


@pytest.mark.parametrize("value", ["short", "with space in it", "colon:in:it", "läng und breit"])
def test_a_wrong_bootstrap_token_is_refused_and_not_repeated(value: str):
    told = _wrong(environment={"SAYSO_BOOTSTRAP_TOKEN": value})

    assert told.startswith("bootstrap_token (SAYSO_BOOTSTRAP_TOKEN): must have 8 characters or more")
    assert value not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("host = 5", "host ({file}): must be a string"),
        ("port = true", "port ({file}): must be a whole number"),
        ("port = 80.0", "port ({file}): must be a whole number"),
        ("data_dir = 5", "data_dir ({file}): must be a string"),
        ('data_dir = ""', "data_dir ({file}): must name a folder; the working directory is called ."),
        ("metrics_public = 2", "metrics_public ({file}): must be true or false"),
        ('regions = "eu"', "regions ({file}): must be tables in sayso.toml, such as [regions.eu]"),
        ("regions = {eu = 1}", "regions ({file}): must be tables in sayso.toml, such as [regions.eu]"),
        ("[regions.mars]", "regions ({file}): there is no region mars; there are us, eu, au"),
        ("[regions.eu]\nhost = 1", "regions ({file}): eu has no host; it has hosts and database_url"),
        (
            '[regions.eu]\nhosts = "eu.test"',
            "regions ({file}): hosts of eu must be a list of host names, without scheme and port",
        ),
        (
            "[regions.eu]\nhosts = [1]",
            "regions ({file}): hosts of eu must be a list of host names, without scheme and port",
        ),
        (
            '[regions.eu]\nhosts = ["https://eu.test"]',
            "regions ({file}): hosts of eu must be a list of host names, without scheme and port",
        ),
        (
            '[regions.eu]\nhosts = ["eu.test:443"]',
            "regions ({file}): hosts of eu must be a list of host names, without scheme and port",
        ),
        ("[regions.eu]\ndatabase_url = 1", "regions ({file}): database_url of eu must be a string"),
        ('[regions.eu]\ndatabase_url = "mysql://x"', f"regions.eu: database_url {ADDRESS}"),
        (
            '[regions.eu]\nhosts = ["A.test"]\n[regions.au]\nhosts = ["a.test"]',
            "regions: a.test leads to more than one region",
        ),
        (
            'database_url = "sqlite:///a.db"\n[regions.us]\ndatabase_url = "sqlite:///b.db"',
            "database_url and regions.us: the same database is given twice",
        ),
        (
            'database_url = "sqlite:///a.db"\n[regions.eu]\ndatabase_url = "sqlite:///./a.db"',
            "regions: each needs a database of its own",
        ),
        (
            'database_url = "postgresql://a:b@db/x"\n[regions.eu]\ndatabase_url = "postgresql://c:d@DB:5432/x"',
            "regions: each needs a database of its own",
        ),
        (
            'workers = 2\ndatabase_url = "postgresql://db/x"\n[regions.eu]',
            "workers ({file}): more than one needs PostgreSQL, and the database of eu is a file: set database_url",
        ),
    ],
)
def test_a_wrong_value_in_the_file_is_told(tmp_path: Path, text: str, told: str):
    file = _file(tmp_path, text)

    assert told.format(file=file) == _wrong(file=file)


def test_every_kind_of_value_is_read(tmp_path: Path):
    settings, _ = load(
        {"metrics_public": True},
        {"SAYSO_LOG_REQUESTS": "Yes", "SAYSO_DATA_DIR": "/srv/sayso", "SAYSO_TRUSTED_PROXIES": "10.0.0.0/8, ::1"},
        _file(tmp_path, "port = 0\nlog_format = 'json'"),
    )

    expected = (True, True, Path("/srv/sayso"), 0, "json")
    assert expected == (
        settings.metrics_public,
        settings.log_requests,
        settings.data_dir,
        settings.port,
        settings.log_format,
    )


def test_a_secret_comes_from_a_file(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("long-enough-a-token\n")

    settings, sources = load({}, {"SAYSO_BOOTSTRAP_TOKEN_FILE": str(secret)})

    assert ("long-enough-a-token", "SAYSO_BOOTSTRAP_TOKEN_FILE") == (
        settings.bootstrap_token,
        sources["bootstrap_token"],
    )


def test_a_secret_s_file_must_be_there(tmp_path: Path):
    told = _wrong(environment={"SAYSO_BOOTSTRAP_TOKEN_FILE": str(tmp_path / "nowhere")})

    assert told.startswith("SAYSO_BOOTSTRAP_TOKEN_FILE: ")


def test_a_secret_is_given_once(tmp_path: Path):
    told = _wrong(environment={"SAYSO_BOOTSTRAP_TOKEN": "a" * 9, "SAYSO_BOOTSTRAP_TOKEN_FILE": "b"})

    assert "SAYSO_BOOTSTRAP_TOKEN and SAYSO_BOOTSTRAP_TOKEN_FILE: set one of them" == told


def test_only_secrets_come_from_files(tmp_path: Path):
    assert 8080 == load({}, {"SAYSO_PORT_FILE": str(tmp_path / "nowhere")})[0].port


def test_a_secret_does_not_show_itself():
    settings = Settings(bootstrap_token=Secret("long-enough-a-token"))

    assert "long-enough" not in repr(settings)
    assert "***" == shown(settings, "bootstrap_token")
    assert "" == shown(Settings(), "bootstrap_token")


def test_the_bootstrap_token_has_no_flag():
    assert "bootstrap_token" not in FLAGS


def test_each_region_has_hosts_and_a_database_of_its_own(tmp_path: Path):
    text = '[regions.us]\nhosts = ["API.test"]\n[regions.eu]\nhosts = ["eu.test"]\n[regions.au]\ndatabase_url = "sqlite:////srv/au.db"'
    settings, _ = load({"data_dir": "data"}, {}, _file(tmp_path, text))

    assert RegionSettings(("api.test",)) == settings.regions["us"]
    expected = {"au": "sqlite:////srv/au.db", "eu": "sqlite:///data/sayso-eu.db", "us": "sqlite:///data/sayso.db"}
    assert expected == databases(settings)
    assert Path("/srv/au.db") == databases(settings)["au"].path


def test_the_database_url_is_the_default_region_s(tmp_path: Path):
    settings, _ = load({"region": "eu", "database_url": "sqlite:///here.db"}, {})

    assert {"eu": "sqlite:///here.db"} == databases(settings)


def test_each_region_has_a_database_of_a_cluster_or_several_processes_serve_one():
    url = "postgresql://one,two:6432/sayso?target_session_attrs=read-write&sslmode=verify-full"
    settings, _ = load({}, {"SAYSO_DATABASE_URL": url, "SAYSO_WORKERS": "4", "SAYSO_DATABASE_TIMEOUT": "2"})

    assert ({"us": url}, 4, 2) == (databases(settings), settings.workers, settings.database_timeout)
    assert databases(settings)["us"].path is None


def test_a_database_s_password_comes_from_a_file_and_is_not_shown(tmp_path: Path):
    (tmp_path / "url").write_text("postgresql://sayso:hunter2@db/sayso\n")
    settings, sources = load({}, {"SAYSO_DATABASE_URL_FILE": str(tmp_path / "url")})

    assert ("postgresql://sayso:hunter2@db/sayso", "SAYSO_DATABASE_URL_FILE") == (
        settings.database_url,
        sources["database_url"],
    )
    assert "postgresql://sayso:***@db/sayso" == shown(settings, "database_url")
    assert "hunter2" not in repr(settings)


def test_a_region_s_password_is_not_shown(tmp_path: Path):
    text = '[regions.eu]\ndatabase_url = "postgresql://sayso:hunter2@db/eu"'
    settings, _ = load({}, {}, _file(tmp_path, text))

    assert "hunter2" not in f"{settings!r} {shown(settings, 'regions')}"
    assert "postgresql://sayso:***@db/eu" == shown(settings, "regions")["eu"]["database_url"]


def test_a_certificate_needs_its_key(tmp_path: Path):
    authority = trustme.CA()
    certificate, other = authority.issue_cert("a.test"), authority.issue_cert("b.test")
    for name, pem in (
        ("cert", certificate.cert_chain_pems[0]),
        ("key", certificate.private_key_pem),
        ("other", other.private_key_pem),
    ):
        pem.write_to_path(tmp_path / name)
    (tmp_path / "none").write_text("no certificate")
    cert, key, another, none = (str(tmp_path / name) for name in ("cert", "key", "other", "none"))

    assert cert == load({"tls_cert": cert, "tls_key": key}, {})[0].tls_cert
    assert "tls_cert and tls_key: set both or neither" == _wrong(tls_cert=cert)
    assert "tls_cert and tls_key: set both or neither" == _wrong(tls_key=key)
    assert f"tls_key: there is no file {tmp_path}/nowhere" == _wrong(tls_cert=cert, tls_key=f"{tmp_path}/nowhere")
    assert "no certificate with its own key" in _wrong(tls_cert=cert, tls_key=another)
    assert "no certificate with its own key" in _wrong(tls_cert=none, tls_key=key)
