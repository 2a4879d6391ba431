"""Regions: one server for all three, or one server each; nothing of one is written to another's database."""

from __future__ import annotations

import re
from pathlib import Path

import apsw
import httpx2
import pytest
from tests.cast import TOKEN, Clock
from tests.machine import DEADLINE
from tests.running import Running

from sayso.domain.access import ALL_SCOPES
from sayso.http.limits import Limits
from sayso.http.proxies import TrustedProxies
from sayso.http.request import Fields, Request
from sayso.http.tally import Tally
from sayso.http.windows import Windows
from sayso.server import surfaces
from sayso.service.ids import RandomIds
from sayso.service.region import Region, Regions
from sayso.storage.memory import MemoryStore

NAMES = ("us", "eu", "au")
HOSTS = {"us": "api.localhost", "eu": "api.eu.localhost", "au": "api.au.localhost"}
SETTINGS = "".join(
    f'[regions.{name}]\nhosts = ["{host}"]\ndatabase_url = "sqlite:///{name}/own.db"\n' for name, host in HOSTS.items()
)
TABLES = ("contacts", "contact_keys", "subscription_types", "ledger", "events")


def canary(region: str) -> str:
    return f"canary-of-{region}-people@example.com"


def story(client: httpx2.Client, region: str) -> None:
    """A contact of this region, who chooses, changes and leaves, and one who stays."""
    assert region.upper() == client.get("/me").json()["app"]["region"]
    wording = {"name": f"News of {region}", "description": "", "locale": "en"}
    type_ = {"consent_type": "opt_in", "state": "live", "default_translation": wording}
    type_id = client.post("/sayso/subscription_types", json=type_).json()["id"]
    for email in (canary(region), f"x{canary(region)}"):
        contact = client.post("/contacts", json={"email": email, "name": f"Name of {region}"}).json()
        answer = client.post(f"/contacts/{contact['id']}/subscriptions", json={"id": type_id})
        assert 200 == answer.status_code
        assert 200 == client.put(f"/contacts/{contact['id']}", json={"unsubscribed_from_emails": True}).status_code
    assert 2 == client.get("/contacts").json()["total_count"]
    assert 200 == client.delete(f"/contacts/{contact['id']}").status_code


def counts(database: Path) -> dict[str, int]:
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in TABLES}
    finally:
        connection.close()


def files_of(database: Path) -> bytes:
    return b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))


def apart(databases: dict[str, Path]) -> None:
    """Each region's files hold what its people said, and nothing of the others'."""
    for name, database in databases.items():
        held = files_of(database)
        assert {name} == {other for other in databases if canary(other).encode() in held}
        assert {"contacts": 2, "contact_keys": 2, "subscription_types": 1, "ledger": 4, "events": 7} == counts(database)


@pytest.fixture
def deployment(start, tmp_path) -> Running:
    """One server for all three regions; the first token of each is what it prints."""
    (tmp_path / "sayso.toml").write_text(SETTINGS)
    return start(SAYSO_BOOTSTRAP_TOKEN="")


def first_tokens(running: Running) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(100):
        found = dict(re.findall(r"Token \(region (..)\): (\S+)", running.said))
        if len(found) == 3:
            break
        # The rest of what it says is on its way: an answer comes after it.
        httpx2.get(f"{running.url}/healthz", timeout=DEADLINE)
    assert set(NAMES) == set(found)
    return found


def at(running: Running, host: str | None, token: str, **headers: str) -> httpx2.Client:
    own = {"Host": host} if host else {}
    return httpx2.Client(
        base_url=running.url, headers={"Authorization": f"Bearer {token}", **own, **headers}, timeout=DEADLINE
    )


def test_one_server_for_three_regions_writes_nothing_of_one_to_another_s_database(deployment, tmp_path):
    tokens = first_tokens(deployment)
    for name in NAMES:
        assert tokens[name].startswith(f"sayso_{name}_")
        with at(deployment, f"{HOSTS[name]}:8080", tokens[name]) as client:
            story(client, name)

    assert 0 == deployment.stop()
    databases = {name: tmp_path / name / "own.db" for name in NAMES}
    assert [*databases.values()] == [path for name in NAMES for path in tmp_path.glob(f"{name}/*.db")]
    assert not list(tmp_path.glob("sayso-data/*.db"))
    apart(databases)


def test_a_host_leads_to_its_region_and_a_token_to_its_own(deployment):
    tokens = first_tokens(deployment)

    def region(host: str | None, token: str, **headers: str) -> str | int:
        with at(deployment, host, token, **headers) as client:
            answer = client.get("/me")
        return answer.json()["app"]["region"] if answer.status_code == 200 else answer.status_code

    # The production host routes another region's token there.
    assert ["US", "EU", "AU"] == [region(HOSTS["us"], tokens[name]) for name in NAMES]
    # A regional host knows its own tokens alone.
    assert [401, "EU", 401] == [region(HOSTS["eu"], tokens[name]) for name in NAMES]
    assert [401, 401, "AU"] == [region(HOSTS["au"], tokens[name]) for name in NAMES]
    # An unlisted host is the default region's, here the production one.
    assert ["US", "EU", "AU"] == [region("elsewhere.test", tokens[name]) for name in NAMES]
    # Names of hosts have no case, and neither a port nor the dot of an absolute name matters.
    for host in ("API.EU.LOCALHOST:1", f"{HOSTS['eu']}.", f"{HOSTS['eu']}.:1"):
        assert ["EU", 401] == [region(host, tokens[name]) for name in ("eu", "us")]
    # Nobody but a trusted proxy may say which host was meant.
    assert 401 == region(HOSTS["eu"], tokens["us"], **{"X-Forwarded-Host": HOSTS["us"]})


def test_three_servers_write_nothing_of_one_to_another_s_database(start, tmp_path):
    for name in NAMES:
        (tmp_path / name).mkdir()
    servers = {name: start(folder=tmp_path / name, SAYSO_REGION=name) for name in NAMES}
    for name, server in servers.items():
        with at(server, HOSTS[name], TOKEN) as client:
            story(client, name)
    for server in servers.values():
        assert 0 == server.stop()

    apart({name: tmp_path / name / "sayso-data" / "sayso.db" for name in NAMES})


# In process.


class Deployment:
    def __init__(self, default: str, proxies: str = "") -> None:
        clock, self.default = Clock(), default
        self.regions = {name: Region.on(name, MemoryStore(), clock, RandomIds()) for name in NAMES}
        hosts = {host: name for name, host in HOSTS.items()}
        regions, trusted = Regions(self.regions, hosts, default), TrustedProxies(proxies)
        self.app = surfaces(regions, Windows(0), Tally(), clock, RandomIds(), limits=Limits(proxies=trusted))

    async def tokens(self) -> dict[str, str]:
        made = {}
        for name, region in self.regions.items():
            workspace = await region.workspaces.create(name)
            made[name] = (await region.access.create(workspace.id, "all", ALL_SCOPES, name))[1]
        return made

    async def region(
        self, token: str, client: str = "203.0.113.9", target: bytes = b"/me", **headers: str
    ) -> str | int:
        given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        given[b"authorization"] = f"Bearer {token}".encode()
        answer = await self.app.respond(Request("GET", target, Fields(given), b"", client))
        found = re.search(rb'"region":"(..)"', answer.body)
        return found[1].decode() if found else answer.status


@pytest.mark.parametrize("host", [{}, {"host": ""}, {"host": "nowhere.test"}, {"host": "[::1]:8080"}, {"host": "::1"}])
@pytest.mark.parametrize("default", NAMES)
async def test_a_missing_or_unlisted_host_means_the_default_region(default, host):
    deployment = Deployment(default)
    tokens = await deployment.tokens()

    assert default.upper() == await deployment.region(tokens[default], **host)


@pytest.mark.parametrize("host", [{}, {"host": HOSTS["us"]}, {"host": "nowhere.test"}])
async def test_the_authority_of_a_whole_url_counts_and_not_the_host_header(host):
    deployment = Deployment("us")
    tokens = await deployment.tokens()
    target = f"http://{HOSTS['eu']}:8080/me".encode()

    assert "EU" == await deployment.region(tokens["eu"], target=target, **host)
    assert 401 == await deployment.region(tokens["us"], target=target, **host)


async def test_only_the_production_region_s_server_routes_tokens():
    deployment = Deployment("eu")
    tokens = await deployment.tokens()

    assert 401 == await deployment.region(tokens["au"])
    assert "AU" == await deployment.region(tokens["au"], host=HOSTS["us"])


@pytest.mark.parametrize("token", ["sayso_xx_abc", "sayso_", "sayso_eu", "sayso_eu_", "sayso_\xff\xff_abc", "eu"])
async def test_a_token_of_no_region_is_unauthorized_anywhere(token):
    deployment = Deployment("us")
    await deployment.tokens()

    assert [401] * 3 == [await deployment.region(token, host=host) for host in HOSTS.values()]


async def test_a_forwarded_host_counts_from_trusted_proxies_alone():
    deployment = Deployment("us", "10.0.0.0/8")
    tokens = await deployment.tokens()
    forwarded = {"host": "inner.test", "x_forwarded_host": HOSTS["eu"], "x_forwarded_for": "198.51.100.7"}

    assert "EU" == await deployment.region(tokens["eu"], client="10.1.2.3", **forwarded)
    assert 401 == await deployment.region(tokens["us"], client="10.1.2.3", **forwarded)
    assert "US" == await deployment.region(tokens["us"], client="203.0.113.9", **forwarded)
