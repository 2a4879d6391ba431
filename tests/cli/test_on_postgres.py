"""Every command on PostgreSQL, by the address of its database alone; and none of them shows a password of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from tests.cast import TOKEN
from tests.cli.conftest import Said, Sayso
from tests.machine import DEADLINE
from tests.running import Running

from sayso.storage.migrate import files
from sayso.storage.postgres_migrate import bring_up_to_date

Start = Callable[..., Running]

PASSWORD = "hunter2"


@pytest.fixture
def url(database: str) -> str:
    """With a password, which the tests' server does not ask for."""
    return database.replace("sayso@", f"sayso:{PASSWORD}@")


@pytest.fixture
def on_postgres(sayso: Sayso, url: str, monkeypatch: pytest.MonkeyPatch) -> Sayso:
    """A command, which shows no password whatever comes of it."""
    monkeypatch.setenv("SAYSO_DATABASE_URL", url)
    monkeypatch.setenv("SAYSO_DATABASE_TIMEOUT", str(int(DEADLINE)))

    def run(*words: str) -> Said:
        said = sayso(*words)
        assert PASSWORD not in said.out + said.err
        return said

    return run


def test_every_command_does_on_postgresql_what_it_does_on_a_file(on_postgres: Sayso, tmp_path: Path):
    assert 1 == on_postgres("migrate", "--check").code
    assert on_postgres("migrate").out.startswith("us: applied 0001")
    assert (0, "us: up to date\n") == (on_postgres("migrate", "--check").code, on_postgres("migrate", "--check").out)
    workspace = on_postgres("workspace", "create", "Acme", "--json").json["id"]
    assert [workspace] == [one["id"] for one in on_postgres("workspace", "list", "--json").json["workspaces"]]
    token = on_postgres("token", "create", "--name", "ci", "--json").json["id"]
    assert 0 == on_postgres("token", "revoke", token).code
    assert [True] == [one["revoked_at"] is not None for one in on_postgres("token", "list", "--json").json["tokens"]]
    type_ = on_postgres("type", "create", "--consent-type", "opt_in", "--name", "News", "--json").json["id"]
    assert 0 == on_postgres("type", "translate", type_, "--locale", "de", "--name", "Neues").code
    assert "live" == on_postgres("type", "publish", type_, "--json").json["state"]
    assert "archived" == on_postgres("type", "archive", type_, "--json").json["state"]
    assert 1 == len(on_postgres("type", "list", "--json").json["types"])
    assert 1 == on_postgres("contact", "show", "0" * 24).code
    assert (0, "Checked 0 contacts and 0 entries: no problems found.") == (
        on_postgres("verify").code,
        on_postgres("verify").out.splitlines()[-1],
    )
    assert [] == list(tmp_path.iterdir())


def test_commands_wait_for_a_migration_that_is_pending(on_postgres: Sayso):
    for words in (["workspace", "list"], ["token", "list"], ["verify"], ["backup", "copy.db"]):
        said = on_postgres(*words)
        assert (1, True) == (said.code, "awaits a migration: run `sayso migrate` first" in said.err), words


def test_postgresql_is_backed_up_with_its_own_tools(on_postgres: Sayso, tmp_path: Path):
    on_postgres("migrate")
    said = on_postgres("backup", "copy.db")

    assert (1, "", 1) == (said.code, said.out, said.err.count("\n"))
    assert "pg_dump" in said.err
    assert "pgBackRest" in said.err
    assert [] == list(tmp_path.iterdir())


def test_the_settings_show_where_the_database_is(on_postgres: Sayso, url: str):
    found = {one["name"]: one for one in on_postgres("config", "show", "--json").json["settings"]}

    assert url.replace(PASSWORD, "***") == found["database_url"]["value"]
    assert "SAYSO_DATABASE_URL" == found["database_url"]["source"]


def verdicts(said: Said) -> dict[str, tuple[str, str]]:
    return {one["check"]: (one["verdict"], one["detail"]) for one in said.json["findings"]}


def test_the_doctor_looks_at_the_server(on_postgres: Sayso):
    before = verdicts(on_postgres("doctor", "--json"))
    on_postgres("workspace", "create", "Acme")
    found = verdicts(on_postgres("doctor", "--deep", "--json"))

    assert ("note", f"pending: {', '.join(name for name, _ in files())}; the next start applies it") == before["schema"]
    assert {"ok"} == {verdict for verdict, _ in found.values()}, found
    expected = {"database", "postgresql", "citus", "writes", "durability", "privacy", "planning", "schema", "tables"}
    assert {*expected, "region"} == set(found) - {"sayso", "python", "sqlite", "variables"}


def test_verify_and_the_doctor_find_a_rule(on_postgres: Sayso, cluster, url: str):
    on_postgres("migrate")
    cluster.sql("CREATE RULE swallow AS ON INSERT TO ledger DO INSTEAD NOTHING", url=url)

    said = on_postgres("verify")

    assert (3, "schema: there is a rule on ledger: swallow") == (said.code, said.out.splitlines()[0])
    assert ("wrong", "there is a rule on ledger: swallow") == verdicts(on_postgres("doctor", "--json"))["tables"]


def test_the_doctor_finds_a_database_that_may_forget(on_postgres: Sayso, cluster, url: str):
    on_postgres("migrate")
    cluster.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")

    # Where no pooler is between, our sessions overrule it.
    assert "ok" == verdicts(on_postgres("doctor", "--json"))["durability"][0]
    pooled = ("doctor", "--json", "--database-url", f"{url}?pgbouncer=true")
    assert ("wrong", "off: synchronous_commit") == verdicts(on_postgres(*pooled))["durability"]
    assert 1 == on_postgres(*pooled).code


def test_the_doctor_notes_a_pooler_s_role_without_the_planner_settings(on_postgres: Sayso, cluster, url: str):
    on_postgres("migrate")
    pooled = ("doctor", "--json", "--database-url", f"{url}?pgbouncer=true")

    verdict, detail = verdicts(on_postgres(*pooled))["planning"]
    assert ("note", True) == (verdict, detail.startswith("on: enable_seqscan, enable_bitmapscan, jit; ALTER ROLE"))

    for name in ("enable_seqscan", "jit"):
        cluster.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET {name} = off")
    assert verdicts(on_postgres(*pooled))["planning"][1].startswith("on: enable_bitmapscan; ")

    cluster.sql(f"ALTER DATABASE {url.rpartition('/')[2]} SET enable_bitmapscan = off")
    assert "ok" == verdicts(on_postgres(*pooled))["planning"][0]
    assert "ok" == verdicts(on_postgres("doctor", "--json"))["planning"][0]


@pytest.mark.parametrize(
    "words", [["workspace", "list"], ["migrate"], ["verify"], ["doctor"], ["serve", "--port", "0"]]
)
def test_a_database_that_cannot_be_reached_is_told_in_one_line(
    sayso: Sayso, monkeypatch: pytest.MonkeyPatch, words: list[str]
):
    monkeypatch.setenv("SAYSO_DATABASE_URL", f"postgresql://sayso:{PASSWORD}@127.0.0.1:1/nowhere")
    said = sayso(*words)

    assert 1 == said.code
    assert "cannot reach the database" in said.out + said.err
    assert PASSWORD not in said.out + said.err
    assert words == ["doctor"] or (said.out, said.err.count("\n")) == ("", 1)


def test_a_database_that_is_not_there_is_told(on_postgres: Sayso, url: str):
    said = on_postgres("workspace", "list", "--database-url", f"{url}_missing")

    assert (1, 1) == (said.code, said.err.count("\n"))
    assert "does not exist" in said.err


def test_each_region_has_a_database_of_its_own(start: Start, cluster, tmp_path: Path):
    with cluster.database() as us, cluster.database() as eu:
        settings = f'database_url = "{us}"\n[regions.eu]\nhosts = ["eu.localhost"]\ndatabase_url = "{eu}"\n'
        (tmp_path / "sayso.toml").write_text(settings)
        running = start("--workers", "2")
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        for host, region in (("eu.localhost", "EU"), ("elsewhere", "US")):
            answer = httpx2.get(f"{running.url}/me", headers={**bearer, "Host": host}, timeout=DEADLINE).json()
            assert region == answer["app"]["region"]
        assert 0 == running.stop()
        counts = [cluster.sql("SELECT region, count(*) FROM workspaces GROUP BY region", url=url) for url in (us, eu)]

    assert [[("us", 1)], [("eu", 1)]] == [[tuple(row) for row in rows] for rows in counts]


def test_a_server_shows_no_password_whatever_becomes_of_its_database(start: Start, cluster, url: str):
    running = start("--demo", "--workers", "2", SAYSO_DATABASE_URL=url, SAYSO_LOG_REQUESTS="1")
    name, paths = url.rpartition("/")[2], ("/contacts", "/readyz", "/metrics", "/openapi.json", "/nowhere")
    with running.client as client:
        answers = [client.get(path) for path in paths]
        cluster.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        cluster.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        without = [client.get(path) for path in paths]
    assert 0 == running.stop()

    assert [200, 200, 200, 200, 404] == [answer.status_code for answer in answers]
    assert [503, 503] == [answer.status_code for answer in without[:2]]
    assert PASSWORD not in running.said + "".join(answer.text for answer in (*answers, *without))


# Moving there.


@pytest.fixture
def embedded(start: Start, tmp_path: Path) -> Running:
    """A server on a file, whose folder is that of the command line's fixture; it has been written to."""
    running = start("--demo", SAYSO_BOOTSTRAP_TOKEN=TOKEN)
    with running.client as client:
        for number in range(5):
            contact = client.post("/contacts", json={"external_id": f"{number}", "name": "Zoë"}).json()["id"]
            assert 200 == client.post(f"/contacts/{contact}/subscriptions", json={"id": "2"}).status_code
    return running


def story(running: Running) -> list[bytes]:
    """What clients can see."""
    with running.client as client:
        listed = client.get("/contacts").json()["data"]
        paths = [f"/contacts/{contact['id']}{more}" for contact in listed for more in ("", "/subscriptions")]
        return [client.get(path).content for path in (*paths, "/subscription_types", "/me")]


def test_a_server_goes_on_in_postgresql_where_it_was_in_a_file(
    embedded: Running, start: Start, sayso: Sayso, url: str, tmp_path: Path
):
    told = story(embedded)
    refused = sayso("migrate", "--to", url)
    assert (1, True) == (refused.code, "another server or migration is using /" in refused.err)
    embedded.stop()
    said = sayso("migrate", "--to", url)
    again = sayso("migrate", "--to", url)

    assert (0, True) == (said.code, "and verified" in said.out), said.err
    assert (1, True) == (again.code, "holds data already" in again.err)
    assert PASSWORD not in said.out + said.err + again.err
    moved = start(SAYSO_DATABASE_URL=url)
    assert told == story(moved)
    with moved.client as client:
        assert 200 == client.post("/contacts", json={"external_id": "new"}).status_code


def test_a_copy_of_what_was_altered_is_not_finished(embedded: Running, sayso: Sayso, url: str, tmp_path: Path):
    import apsw

    embedded.stop()
    connection = apsw.Connection(str(tmp_path / "sayso-data" / "sayso.db"))
    connection.execute("UPDATE ledger SET state = 'withdrawn' WHERE seq = 1")
    connection.close()
    said = sayso("migrate", "--to", url, "--json")

    assert (3, True) == (said.code, bool(said.json["problems"]))
    assert url.replace(PASSWORD, "***") == said.json["target"]
    served = sayso("serve", "--port", "0", "--database-url", url)
    assert (1, True) == (served.code, "holds a part of a copy" in served.err)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--to", "sqlite:///b.db"], "--to: must be postgresql://user@host/database"),
        (["--to", "mysql://a:hunter2@b/c"], "--to: must be sqlite:///path or postgresql://user:password@host/database"),
        (["--to", "postgresql://db/x", "--check"], "--to and --check: use one of them"),
        (
            ["--to", "postgresql://db/x", "--database-url", "postgresql://a:hunter2@db/y"],
            "and postgresql://a:***@db/y is not one",
        ),
    ],
)
def test_what_cannot_be_copied_is_wrong_usage(sayso: Sayso, words: list[str], told: str):
    said = sayso("migrate", *words)

    assert (2, "", True) == (said.code, said.out, told in said.err), said.err
    assert PASSWORD not in said.err


def test_one_of_several_regions_is_named(sayso: Sayso, tmp_path: Path):
    (tmp_path / "sayso.toml").write_text("[regions.eu]")

    assert "choose one with --region" in sayso("migrate", "--to", "postgresql://db/x").err
    assert "there is no database" in sayso("migrate", "--to", "postgresql://db/x", "--region", "eu").err


async def test_a_server_does_not_mind_a_database_that_is_up_to_date(start: Start, database: str):
    await bring_up_to_date(database, 0)

    assert 0 == start(SAYSO_DATABASE_URL=database).stop()
