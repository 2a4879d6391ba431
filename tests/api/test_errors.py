"""Problems: what they say, and that every one is explained."""

from __future__ import annotations

import msgspec
import pytest
from tests.conftest import Acme

from sayso.api.docs import problems
from sayso.api.errors import rendered
from sayso.api.shapes.problem import Problem
from sayso.domain import errors as domain

EXAMPLES = [
    domain.Invalid("name: too long", "name"),
    domain.Forbidden("admin"),
    domain.MethodNotAllowed(("GET", "HEAD")),
    domain.DuplicateContact("1", archived=False),
    domain.Unavailable("not now", retry_after=5),
    domain.SaysoError(),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_a_problem_says_its_type_title_status_detail_and_request(error: domain.SaysoError):
    response = rendered(error, "req1")

    problem = msgspec.json.decode(response.body, type=Problem)
    assert b"application/problem+json" == response.media_type
    assert (response.status, error.message, "req1") == (problem.status, problem.detail, problem.request_id)
    assert f"/docs#errors-{problem.code}" == problem.type
    assert problem.title


def test_a_field_is_named_where_one_is_to_blame():
    problem = msgspec.json.decode(rendered(EXAMPLES[0], "req1").body)

    assert [{"field": "name", "detail": "name: too long"}] == problem["errors"]


def test_a_store_that_cannot_take_it_says_when_to_come_back():
    assert (b"retry-after", b"5") in rendered(EXAMPLES[4], "req1").headers


async def test_every_problem_is_explained_where_its_type_leads(acme: Acme):
    page = (await acme.get("/docs")).text

    assert problems()
    for problem in problems():
        assert f'id="{problem.type.partition("#")[2]}"' in page


async def test_a_failure_of_ours_is_a_problem_that_tells_nothing_of_the_request(acme: Acme):
    async def fail(workspace_id: str):
        raise KeyError("alice@example.com")

    acme.region.types.all = fail
    failed = await acme.get("/sayso/subscription_types")

    assert (500, "server_error") == (failed.status_code, failed.json()["code"])
    assert "alice" not in failed.text
