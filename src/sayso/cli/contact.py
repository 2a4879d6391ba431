"""`sayso contact`: show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output

if TYPE_CHECKING:
    from sayso.domain.access import Workspace
    from sayso.domain.contact import Contact
    from sayso.domain.ledger import Entry
    from sayso.service.region import Region


@click.group("contact")
def command() -> None:
    """Show what is known of a contact."""


@command.command()
@click.argument("contact_id")
@data.of_workspace
@data.options
def show(contact_id: str, workspace_id: str | None, **where: Any) -> None:
    """Show a contact in any state: profile, standing, and every entry of its ledger."""

    async def read(region: Region, workspace: Workspace) -> tuple[Contact, list[Entry]]:
        from sayso.domain.errors import ContactNotFound
        from sayso.service.ports import Stored

        contact = await region.store.contact.find(workspace.id, contact_id)
        if contact is None:
            raise ContactNotFound(f"there is no contact {contact_id} in workspace {workspace.id}")
        chain = await region.store.ledger.chain(workspace.id, contact_id)
        return contact, [one.entry for one in chain if isinstance(one, Stored)]

    place = data.Where(**where)
    contact, entries = place.run_in_workspace(workspace_id, read)
    if place.as_json:
        output.show_json({**_form(contact), "ledger": [_entry(entry) for entry in entries]})
    else:
        _show(_form(contact), entries)


def _show(form: dict[str, Any], entries: list[Entry]) -> None:
    standing = form.pop("standing")
    output.show_facts({name: value for name, value in form.items() if value not in (None, {})})
    click.echo("\nStanding")
    choices = [(f"type {one['type_id']}", one["choice"]) for one in standing["choices"]]
    output.show_rows(("about", "choice"), [*choices, *((f"all {stop}", "stopped") for stop in standing["stops"])])
    click.echo("\nLedger")
    rows = [
        (
            entry.seq,
            output.time(entry.recorded_at),
            entry.event,
            f"type {entry.type_id}" if entry.type_id else f"all {entry.channel}",
            f"{entry.actor_kind} {entry.actor_ref}",
            entry.method,
        )
        for entry in entries
    ]
    output.show_rows(("seq", "recorded_at", "event", "about", "by", "method"), rows)


def _form(contact: Contact) -> dict[str, Any]:
    head = contact.head
    return {
        "id": contact.id,
        "workspace_id": head.workspace_id,
        "state": head.state,
        "revision": head.revision,
        "created_at": output.time(contact.created_at),
        "updated_at": output.time(head.updated_at),
        **contact.profile._asdict(),
        "standing": {
            "choices": [{"type_id": type_id, "choice": choice} for type_id, choice in head.standing.choices],
            "stops": list(head.standing.stops),
        },
    }


def _entry(entry: Entry) -> dict[str, Any]:
    notice = entry.notice
    return {
        "seq": entry.seq,
        "id": entry.id,
        "event": entry.event,
        "type_id": entry.type_id,
        "channel": entry.channel,
        "state": entry.state,
        "basis": entry.basis,
        "occurred_at": output.time(entry.occurred_at),
        "recorded_at": output.time(entry.recorded_at),
        "method": entry.method,
        "actor": {"kind": entry.actor_kind, "ref": entry.actor_ref},
        "request_id": entry.request_id,
        "notice": notice and {"type_id": notice.type_id, "version": notice.version, "locale": notice.locale},
    }
