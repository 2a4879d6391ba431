"""/openapi.json and /docs describe everything that is served."""

from __future__ import annotations

import html.parser
import re
from base64 import b64encode
from functools import reduce
from hashlib import sha256
from itertools import pairwise
from typing import Any

import httpx2
import jsonschema_rs
import pytest
from tests.conformance.conftest import store  # noqa: F401
from tests.conftest import Acme

from sayso.api.document import Document
from sayso.api.routes import OPEN_ROUTES
from sayso.api.routes import ROUTES as API_ROUTES
from sayso.intercom.examples import EXAMPLES
from sayso.intercom.routes import ROUTES as INTERCOM_ROUTES
from sayso.intercom.shapes.company import AttachCompany, CompanyFields
from sayso.intercom.shapes.contact import Contact
from sayso.intercom.shapes.contact_merge import MergeFields
from sayso.intercom.shapes.tag import TagChoice
from sayso.server import described

SERVED = sorted((route.method, route.path) for route in (*INTERCOM_ROUTES, *API_ROUTES, *OPEN_ROUTES))


async def read(acme: Acme) -> dict:
    answer = await acme.client_with("nobody's").get("/openapi.json")
    assert (200, "application/json; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
    return answer.json()


def operations(document: dict):
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_served_route_is_described_and_nothing_else(acme: Acme):
    document = await read(acme)

    assert "3.1.0" == document["openapi"]
    assert SERVED == sorted((method, path) for method, path, _ in operations(document))


async def test_an_operation_id_is_unique_and_leads_to_its_handler(acme: Acme):
    ids = [operation["operationId"] for _, _, operation in operations(await read(acme))]

    assert len(SERVED) == len(set(ids))
    assert {"intercom.contact_subscription.attach", "sayso.subscription_type.create", "operations.healthz"} <= set(ids)


async def test_every_operation_says_its_summary_answer_and_scope(acme: Acme):
    for method, path, operation in operations(await read(acme)):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert any(status < "300" for status in operation["responses"]), (method, path)
        needs_token = "Operations" not in operation["tags"] or path == "/metrics"
        assert needs_token == ("x-scope" in operation), (method, path)
        assert ("x-scope" in operation) == bool(operation["security"]), (method, path)


async def test_every_operation_of_intercoms_takes_a_version_from_the_one_it_came_with(acme: Acme):
    document = await read(acme)
    by_id = {operation["operationId"]: operation for _, _, operation in operations(document)}

    def versions(operation: dict) -> list[str]:
        (header,) = (known for known in operation["parameters"] if known["name"] == "Intercom-Version")
        return header["schema"]["enum"]

    assert ["2.7", "2.8"] == versions(by_id["intercom.contact.find"])[:2]
    newer = by_id["intercom.contact.find_by_external_id"]
    assert ("2.13", "2.13") == (versions(newer)[0], newer["x-since"])


async def test_errors_have_the_form_of_their_surface(acme: Acme):
    for _, path, operation in operations(await read(acme)):
        if path == "/readyz":
            continue
        for status, response in operation["responses"].items():
            if status >= "400":
                ours = "Intercom" not in operation["tags"]
                media_type, name = (
                    ("application/problem+json", "Problem") if ours else ("application/json", "ErrorList")
                )
                assert {"$ref": f"#/components/schemas/{name}"} == response["content"][media_type]["schema"]


async def test_every_reference_leads_somewhere(acme: Acme):
    answer = await acme.get("/openapi.json")
    references = set(re.findall(r'"#/([^"]+)"', answer.text))

    assert 20 < len(references)
    assert [] == [
        one for one in references if not reduce(lambda found, word: found.get(word, {}), one.split("/"), answer.json())
    ]


async def test_every_example_fits_its_schema(acme: Acme):
    document = await read(acme)
    checked = 0
    for _, _, operation in operations(document):
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media in holder.get("content", {}).values():
                if "example" in media:
                    schema = media["schema"] | {"components": document["components"]}
                    jsonschema_rs.validator_for(schema).validate(media["example"])
                    checked += 1

    assert 100 < checked


def replaced(example: Any, real: dict[str, str]) -> Any:
    """An example with ids that are known here."""
    if isinstance(example, list):
        return [replaced(item, real) for item in example]
    if isinstance(example, dict):
        return {key: replaced(value, real) for key, value in example.items()}
    return real.get(example, example) if isinstance(example, str) else example


async def test_every_example_body_is_accepted(acme: Acme):
    ada = EXAMPLES[Contact].id
    lead, tag, company = EXAMPLES[MergeFields].source, EXAMPLES[TagChoice].id, EXAMPLES[AttachCompany].id
    real = {ada: await acme.contact(), lead: await acme.contact(role="lead"), "": acme.types["draft"]}
    real[tag] = (await acme.post("/tags", {"name": "x"})).json()["id"]
    real[company] = (await acme.post("/companies", {"company_id": EXAMPLES[CompanyFields].company_id})).json()["id"]
    attribute = (await acme.post("/data_attributes", {"name": "x", "model": "contact", "data_type": "string"})).json()
    names = {"contact_id": ada, "tag_id": tag}
    for method, path, operation in operations(await read(acme)):
        if "requestBody" in operation:
            of = {"contacts": ada, "companies": company}.get(path.split("/")[1], "")
            known = {name: real[id_] for name, id_ in (names | {"id": of}).items()}
            known |= {"locale": "fr", "data_attribute_id": attribute["id"]}
            example = replaced(operation["requestBody"]["content"]["application/json"]["example"], real)
            if path == "/contacts/merge":
                example |= {"skip_duplicate_validation": True}
            if path == "/visitors/convert":
                example |= {"visitor": {"id": await acme.contact(role="lead")}}
            if "subscriptions" in path:
                example |= {"id": acme.types["opt_in"]}
            answer = await acme.client.request(method, path.format(**known), json=example)
            assert answer.status_code < 300, (method, path, answer.text)
            if path == "/contacts":
                real[ada] = answer.json()["id"]


async def test_the_description_is_made_once(acme: Acme):
    document = acme.app.prefixes["docs"].__self__.operations.document

    assert document.json is document.json
    assert document.page is document.page


@pytest.mark.parametrize(
    ("public_url", "servers"),
    [
        ("", ["/", "//eu.sayso.test", "//au.sayso.test:8443"]),
        (
            "https://sayso.test:8443/",
            ["https://sayso.test:8443", "https://eu.sayso.test:8443", "https://au.sayso.test:8443"],
        ),
        ("https://sayso.test", ["https://sayso.test", "https://eu.sayso.test", "https://au.sayso.test:8443"]),
    ],
)
def test_the_regions_are_the_servers_and_this_address_the_default(public_url: str, servers: list[str]):
    document = Document((), {"eu.sayso.test": "eu", "au.sayso.test:8443": "au"}, "us", public_url)

    assert servers == [server["url"] for server in document.described["servers"]]
    assert ["This address: region us", "Region eu", "Region au"] == [
        server["description"] for server in document.described["servers"]
    ]


def test_the_regions_served_are_those_described(acme: Acme):
    acme.regions.hosts["eu.sayso.test"] = "eu"

    assert {"eu.sayso.test": "eu"} == described(acme.regions).hosts


class Page(html.parser.HTMLParser):
    """Every tag with its attributes, in order, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag == self.open.pop(), self.open

    def all(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture
async def page(acme: Acme) -> Page:
    return Page((await acme.get("/docs")).text)


async def test_the_page_names_every_route_and_is_sealed_against_scripts_and_strangers(acme: Acme):
    answer = await acme.client_with("nobody's").get("/docs")

    assert "text/html; charset=utf-8" == answer.headers["Content-Type"]
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{digest}'" in policy
    assert ("nosniff", "no-referrer") == (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"])
    for method, path in SERVED:
        assert f"{method} {path}</code>" in answer.text


async def test_the_page_fetches_nothing_and_runs_nothing(page: Page):
    assert [] == page.all("script") + page.all("link") + page.all("img") + page.all("iframe")
    assert all("style" not in attributes and "src" not in attributes for _, attributes in page.tags)


async def test_every_link_on_the_page_leads_somewhere(page: Page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]

    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert link["href"] == "/openapi.json" or link["href"].removeprefix("#") in ids


async def test_the_page_is_whole_and_can_be_walked_by_ear(page: Page):
    names = [tag for tag, _ in page.tags]
    headings = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]

    assert [] == page.open
    assert "en" == page.all("html")[0]["lang"]
    assert (1, 1, 1, 1) == tuple(names.count(name) for name in ("header", "nav", "main", "h1"))
    assert all(following - heading <= 1 for heading, following in pairwise(headings))
    assert all("scope" in attributes for attributes in page.all("th"))
    assert names.count("table") == names.count("caption")


async def test_what_a_description_says_cannot_become_markup(acme: Acme):
    document = acme.app.prefixes["docs"].__self__.operations.document
    document.described["info"]["title"] = "<script>alert(1)</script>"

    answer = await acme.get("/docs")

    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


async def test_a_browser_is_shown_at_the_root_what_this_is_and_a_program_a_json_error(acme: Acme):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    shown = await acme.client_with("").get("/", headers=browser)
    page = Page(shown.text)

    assert (200, "text/html; charset=utf-8") == (shown.status_code, shown.headers["Content-Type"])
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]
    assert ["/docs", "/openapi.json"] == [link["href"] for link in page.all("a")]
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert (404, "application/json; charset=utf-8") == _kind(await acme.get("/", headers=headers))
    assert 405 == (await acme.client.post("/", headers=browser)).status_code


def _kind(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers["Content-Type"]
