"""`sayso verify`: is the ledger what was written?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output
from sayso.cli.failure import FOUND, leave

if TYPE_CHECKING:
    from sayso.service.verify import Problem, Report
    from sayso.storage.database import Database


@click.command("verify")
@click.option("--workspace", "workspace_id", metavar="ID", help="Only this one.")
@data.options
def command(workspace_id: str | None, **where: Any) -> None:
    """Recompute every chain and standing, and compare them with what is stored; claims, wordings, links and counts too.

    Each altered or missing entry, each wrong choice, each identifier that is claimed by nobody or by another contact,
    and each tag, company or note that a contact's row and its own say otherwise is named, as is each wrong count of
    contacts, and the exit code is 3. A server may be running; a count that is wrong by less than what it writes
    meanwhile is then found by a later run.
    """
    import asyncio

    place = data.Where(**where)
    found = place.databases()
    reports = {region: asyncio.run(_verified(database, workspace_id)) for region, database in found.items()}
    if place.as_json:
        output.show_json(_form(reports))
    else:
        _show(reports)
    if any(report.problems for report in reports.values()):
        leave(FOUND)


async def _verified(database: Database, workspace_id: str | None) -> Report:
    from sayso.domain.errors import NotFound
    from sayso.service.verify import verify

    await data.refuse_missing(database)
    opened = await database.open()
    try:
        report = await verify(opened, workspace_id)
        if workspace_id and not report.contacts and await opened.workspace.find(workspace_id) is None:
            raise NotFound(f"there is no workspace {workspace_id}")
        return report
    finally:
        await opened.close()


def _show(reports: dict[str, Report]) -> None:
    problems = [problem for report in reports.values() for problem in report.problems]
    for problem in problems:
        click.echo(f"{_place(problem)}: {problem.what}")
    contacts = sum(report.contacts for report in reports.values())
    entries = sum(report.entries for report in reports.values())
    verdict = f"{len(problems)} problems found" if problems else "everything holds"
    click.echo(f"Checked {contacts} contacts and {entries} entries: {verdict}.")
    if unbound := sum(report.unbound for report in reports.values()):
        click.echo(f"Chains begun before chains were bound: {unbound}. Nothing in them tells whose they are.")


def _place(problem: Problem) -> str:
    contact = f", contact {problem.contact_id}" if problem.contact_id else ""
    seq = f", seq {problem.seq}" if problem.seq is not None else ""
    return f"workspace {problem.workspace_id}{contact}{seq}"


def _form(reports: dict[str, Report]) -> dict[str, Any]:
    return {
        "contacts": sum(report.contacts for report in reports.values()),
        "entries": sum(report.entries for report in reports.values()),
        "unbound_chains": sum(report.unbound for report in reports.values()),
        "problems": [
            {
                "region": region,
                "workspace_id": problem.workspace_id,
                "contact_id": problem.contact_id or None,
                "seq": problem.seq,
                "what": problem.what,
            }
            for region, report in reports.items()
            for problem in report.problems
        ],
    }
