"""Addresses of databases: what is wrong with one, and how it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sayso.storage.url import DatabaseUrl

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("postgresql://db/x", "postgresql://db/x"),
        ("postgresql://sayso@db/x", "postgresql://sayso@db/x"),
        (
            f"postgresql://sayso:{SECRET}@one:1,two:2/x?pgbouncer=true",
            "postgresql://sayso:***@one:1,two:2/x?pgbouncer=true",
        ),
        (f"postgresql://:{SECRET}@db/x", "postgresql://:***@db/x"),
        (f"postgresql://db/x?password={SECRET}&sslmode=require", "postgresql://db/x?password=***&sslmode=require"),
        (f"postgresql://db/x?sslpassword={SECRET}", "postgresql://db/x?sslpassword=***"),
        (f"postgresql://sayso:a@{SECRET}@db/x", "postgresql://sayso:***@db/x"),
        (f"postgresql://sayso:a/{SECRET}@db/x", "postgresql://sayso:***@db/x"),
        (f"postgresql://sayso:a?{SECRET}#@db/x", "postgresql://sayso:***@db/x"),
        (f"mysql://sayso:{SECRET}@db/x", "mysql://sayso:***@db/x"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str):
    assert shown == DatabaseUrl(url).shown
    assert f"DatabaseUrl({shown!r})" == repr(DatabaseUrl(url))


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///a.db",
        "sqlite:////srv/a.db",
        "postgresql://sayso:secret@db/x",
        "postgres://db/x",
        "postgresql://sayso@one:5432,two:5433,[::1]:5434/x?target_session_attrs=read-write",
        "postgresql:///x?host=/var/run/postgresql&port=6432",
        "postgresql://db?dbname=x",
        "postgresql://sayso:p%40ss%2Fword@db/x?sslmode=verify-full&pgbouncer=true&connections=4",
    ],
)
def test_an_address_that_can_be_used_has_no_fault(url: str):
    assert None is DatabaseUrl(url).fault


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sayso.db",
        "sqlite://a.db",
        f"mysql://sayso:{SECRET}@db/x",
        f"postgresql://sayso:{SECRET}@db",
        f"postgresql://sayso:{SECRET}/x@db/x",
        f"postgresql://sayso:{SECRET}#x@db/x",
        f"postgresql://sayso:{SECRET}@db:port/x",
        f"postgresql://sayso:{SECRET}@one,two:65536/x",
        f"postgresql://sayso:{SECRET}@db..example.com/x",
        f"postgresql://sayso:{SECRET}@[::1/x",
        f"postgresql://sayso:{SECRET}@db/x y",
        f"postgresql://sayso:{SECRET}@db/x?coalescing=perhaps",
    ],
)
def test_a_fault_is_told_without_the_password(url: str):
    told = DatabaseUrl(url).fault

    assert told
    assert SECRET not in told


def test_two_addresses_of_the_same_data_have_one_place():
    def place(url: str) -> object:
        return DatabaseUrl(url).place

    assert place("sqlite:///a.db") == place("sqlite:///./b/../a.db")
    assert place("postgresql://a:b@One,two:5432/x") == place("postgres://c@two,one:5432/x?sslmode=require")
    assert place("postgresql://db/x") != place("postgresql://db/y")
    assert place("postgresql://db/x") != place("postgresql://db:5433/x")
    assert place("postgresql://db/x") != place("postgresql://db/x?options=-csearch_path%3Deu")


def test_only_an_embedded_database_has_a_path():
    assert Path("/srv/a.db") == DatabaseUrl("sqlite:////srv/a.db").path
    assert None is DatabaseUrl("postgresql://db/x").path
