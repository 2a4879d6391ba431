"""`sayso verify`: is the database what the program wrote?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output, outside_copy
from sayso.cli.failure import FOUND, Wrong, leave
from sayso.cli.paths import WORKSPACE, NewFile, NotEmpty

if TYPE_CHECKING:
    from sayso.domain.digest import Digest
    from sayso.service.ports_claims import Duplicate
    from sayso.service.verify import Problem, Report
    from sayso.service.verify_digest import SavedDigest
    from sayso.service.verify_heads import SavedHead
    from sayso.storage.database import Database
    from sayso.storage.store import SqlStore


@dataclass(frozen=True)
class _Asked:
    """Which workspace is to be verified, None for all, and what is compared or saved."""

    workspace_id: str | None
    expect: str | None
    heads: list[SavedHead]
    save: Path | None


@dataclass
class _Result:
    """Of one region. A digest is None where somebody kept writing; `saved_heads` where none were saved."""

    report: Report
    digests: dict[str, Digest | None]
    saved_heads: int | None = None


@click.command("verify")
@click.option("--workspace", "workspace_id", metavar="ID", type=WORKSPACE, help="Only this one.")
@click.option(
    "--expect",
    metavar="DIGEST",
    type=NotEmpty("must name a file, or be 64 hex digits"),
    help="Compare with a digest kept elsewhere: a file that `sayso backup` wrote, or 64 hex digits.",
)
@click.option(
    "--heads",
    metavar="FILE",
    type=NotEmpty("must name a file"),
    help="Compare with heads that --save-heads wrote earlier.",
)
@click.option(
    "--save-heads",
    metavar="FILE",
    type=NewFile(),
    help="Write the head of every chain to a new file, to be kept elsewhere.",
)
@data.options
def command(
    workspace_id: str | None, expect: str | None, heads: str | None, save_heads: Path | None, **where: Any
) -> None:
    """Recompute every chain and standing, and compare them with what is stored; settings, claims, links, counts and the
    database's schema too.

    What does not fit is named, and the exit code is 3. Users who share an email, from before migration
    0007_normal_form, are named too, and are no fault. A server may be running. While it writes, a small error in the
    counts may only show in a later run.

    Some changes show only beside what was kept outside the database. --expect is for a database that nobody has
    written to since, such as a backup. --heads is for one that has grown: every old head must be an ancestor.
    docs/explanation/verification.md says what is found how.
    """
    import asyncio

    place = data.Where(**where)
    found = place.databases()
    if len(found) > 1 and (expect or heads or save_heads):
        raise Wrong("--expect, --heads and --save-heads: there are several regions, choose one with --region")
    if save_heads:
        outside_copy.refuse_unsavable(save_heads)
    asked = _Asked(workspace_id, expect, outside_copy.read_heads(heads) if heads else [], save_heads)
    results = {region: asyncio.run(_verified(database, asked)) for region, database in found.items()}
    if place.as_json:
        output.show_json(_form(results))
    else:
        _show(results, save_heads)
    if any(result.report.problems for result in results.values()):
        leave(FOUND)


async def _verified(database: Database, asked: _Asked) -> _Result:
    from sayso.domain.errors import NotFound
    from sayso.service.verify import verify
    from sayso.service.verify_heads import OldHeads, heads
    from sayso.storage.migrate import OutOfOrder

    # What is out of order is among the problems below.
    with suppress(OutOfOrder):
        await data.refuse_missing(database)
    opened = await database.open()
    only = asked.workspace_id
    try:
        known = [workspace.id for workspace in await opened.workspace.all() if only in (None, workspace.id)]
        expected = outside_copy.read_digests(asked.expect, known, only) if asked.expect else None
        report = await verify(opened, only, OldHeads(asked.heads))
        if not report.is_complete:
            return _Result(report, {})
        result = _Result(report, await _digests(opened, known))
        if expected is not None:
            _compare(result, expected)
        problems = report.problems
        if only and not known and not problems:
            raise NotFound(f"there is no workspace {only}")
        if asked.save and not problems:
            result.saved_heads = await outside_copy.save_heads(asked.save, heads(opened, only))
        return result
    finally:
        await opened.close()


async def _digests(store: SqlStore, known: list[str]) -> dict[str, Digest | None]:
    from sayso.service.digest import settled_digest

    return {workspace_id: await settled_digest(store, workspace_id) for workspace_id in known}


def _compare(result: _Result, expected: dict[str, SavedDigest]) -> None:
    from sayso.service.verify import Problem
    from sayso.service.verify_digest import compare_digests

    for workspace_id, what in compare_digests(result.digests, expected):
        result.report.problems.append(Problem(workspace_id, "", None, what))


def _show(results: dict[str, _Result], save_heads: Path | None) -> None:
    reports = [result.report for result in results.values()]
    problems = [problem for report in reports for problem in report.problems]
    for problem in problems:
        click.echo(f"{_place(problem)}: {problem.what}")
    for workspace_id, duplicate in (pair for report in reports for pair in report.duplicates):
        click.echo(f"workspace {workspace_id}, {tell_duplicate(duplicate)}")
    for result in results.values():
        for workspace_id, digest in result.digests.items():
            told = f"digest {digest.sha256}" if digest else "no digest, because it kept changing while it was read"
            click.echo(f"workspace {workspace_id}: {told}")
        if result.saved_heads is not None:
            click.echo(f"Saved {result.saved_heads} heads to {save_heads}.")
        elif save_heads:
            click.echo("Heads not saved: problems were found.")
    contacts = sum(report.contacts for report in reports)
    entries = sum(report.entries for report in reports)
    verdict = f"{len(problems)} problems found" if problems else "no problems found"
    if unbound := sum(report.unbound for report in reports):
        click.echo(
            f"Chains begun before chains were bound: {unbound}. Only a digest kept elsewhere shows whether two of them "
            "were swapped."
        )
    click.echo(f"Checked {contacts} contacts and {entries} entries: {verdict}.")


def tell_duplicate(duplicate: Duplicate) -> str:
    """Which two users have the same email, and who claims it."""
    if duplicate.claimed_by is None:
        return f"contact {duplicate.contact_id}: was a duplicate, and claims its email when it is next updated"
    return f"contact {duplicate.contact_id}: a duplicate of contact {duplicate.claimed_by}, who claims the same email"


def _place(problem: Problem) -> str:
    if not problem.workspace_id:
        return "schema"
    contact = f", contact {problem.contact_id}" if problem.contact_id else ""
    seq = f", seq {problem.seq}" if problem.seq is not None else ""
    return f"workspace {problem.workspace_id}{contact}{seq}"


def _form(results: dict[str, _Result]) -> dict[str, Any]:
    from sayso.service.verify_digest import form

    return {
        "contacts": sum(result.report.contacts for result in results.values()),
        "entries": sum(result.report.entries for result in results.values()),
        "unbound_chains": sum(result.report.unbound for result in results.values()),
        "duplicates": [
            {"region": region, "workspace_id": workspace_id, **asdict(duplicate)}
            for region, result in results.items()
            for workspace_id, duplicate in result.report.duplicates
        ],
        "digests": [
            {"region": region, "workspace_id": workspace_id, **(form(digest) if digest else {"digest": None})}
            for region, result in results.items()
            for workspace_id, digest in result.digests.items()
        ],
        "saved_heads": next((result.saved_heads for result in results.values()), None),
        "problems": [
            {
                "region": region,
                "workspace_id": problem.workspace_id or None,
                "contact_id": problem.contact_id or None,
                "seq": problem.seq,
                "what": problem.what,
            }
            for region, result in results.items()
            for problem in result.report.problems
        ],
    }
