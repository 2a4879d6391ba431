"""The model of docs/explanation/scale.md: held against points that it was not made from."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from benchmarks import bytes as sizes
from benchmarks import capacity
from benchmarks.capacity import DEMANDS, Demand
from benchmarks.results import Results

#: How far the model may be from what was measured elsewhere: it is for planning, not for billing.
NEAR = 0.35


@pytest.fixture
def values() -> dict[str, float]:
    return {name: one.value for name, one in capacity.assumptions().items()}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_a_million_contacts_kept_busy_is_as_busy_in_the_model(values: Mapping[str, float], method: str):
    """Its costs are of 100,000 contacts; what a million cost is another measurement."""
    million = Results.kept().million
    demand, cpu_us = {
        "GET": (Demand(million.contacts, million.get_per_second, 0), million.get_cpu_us),
        "POST": (Demand(million.contacts, 0, million.post_per_second), million.post_cpu_us),
    }[method]
    busy = (demand.reads + demand.writes) * cpu_us / 1e6

    assert pytest.approx(busy, rel=NEAR) == capacity.busy_on_sqlite(demand, values)


def test_a_million_contacts_are_as_large_in_the_model_as_they_were_on_disk(values: Mapping[str, float]):
    million = Results.kept().million
    demand = Demand(million.contacts, 0, 0)

    assert sizes.kept()["sqlite"].contacts != million.contacts
    assert pytest.approx(million.file_before, rel=0.05) == capacity.stored(demand, values, "sqlite")


def test_an_embedded_database_serves_what_one_core_can_and_not_more(values: Mapping[str, float]):
    most = values["busy"] / (values["read"] / 1e6)

    assert "SQLite" == capacity.advised(Demand(1e5, 0.99 * most, 0), values).engine
    assert "PostgreSQL" == capacity.advised(Demand(1e5, 1.01 * most, 0), values).engine


def test_a_bigger_disk_comes_before_a_second_server(values: Mapping[str, float]):
    demand = DEMANDS[1]
    first = capacity.advised(demand, {**values, "disk": 1})
    bigger = capacity.advised(demand, {**values, "disk": first.disk / 1e12 / values["full"] + 0.1})

    assert ("Citus", "disk") == (first.engine, first.bound_by)
    assert "Citus" != bigger.engine


def test_ten_billion_contacts_need_more_servers_than_their_disks_alone_when_cores_are_few(values: Mapping[str, float]):
    plenty, few = (capacity.plans(DEMANDS[2], {**values, "memory": 1024, "cores": cores})[2] for cores in (64, 1))

    assert ("disk", "CPU") == (plenty.bound_by, few.bound_by)
    assert few.primaries > plenty.primaries
    assert plenty.primaries == plenty.standbys


@pytest.mark.parametrize("engine", [0, 1, 2])
@pytest.mark.parametrize("field", Demand._fields)
def test_asking_for_more_never_takes_less(values: Mapping[str, float], engine: int, field: str):
    small = Demand(1e5, 1, 0.1)
    large = small._replace(**{field: 500 * getattr(small, field)})
    less, more = (capacity.plans(demand, values)[engine] for demand in (small, large))

    for figure in ("processes", "busy_cores", "primaries", "memory", "disk", "log"):
        assert getattr(less, figure) <= getattr(more, figure), figure
    assert less != more


def test_no_shard_is_larger_than_it_may_be_and_every_worker_has_some(values: Mapping[str, float]):
    plan = capacity.plans(DEMANDS[2], values)[2]
    shards = capacity.shards(plan, values)

    assert plan.disk / shards <= values["shard"] * 1e9
    assert shards >= plan.primaries - 1
    assert shards == 1 << shards.bit_length() - 1


def test_every_assumption_says_where_it_is_from():
    assert [] == [name for name, one in capacity.assumptions().items() if not one.source or not one.unit]


@pytest.mark.parametrize("name", capacity.BLOCKS)
def test_the_page_shows_what_the_model_says(name: str):
    page = capacity.PAGE.read_text("utf-8")

    assert capacity.BLOCKS[name]() == capacity.block(page, name), "docs/explanation/scale.md is old: run `make docs`"
