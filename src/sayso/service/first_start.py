"""First start: a workspace and a token to begin with, and the demo's contents."""

from __future__ import annotations

from sayso.domain.access import ALL_SCOPES, Workspace
from sayso.domain.act import Author
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.errors import DuplicateContact
from sayso.domain.subscription_type import (
    Channel,
    ConsentType,
    Translation,
    TypeDraft,
    TypeState,
)
from sayso.service.region import Region

DEMO = "demo"

_TYPES = (
    (ConsentType.OPT_OUT, Channel.EMAIL, ("Announcements", "What is new", "Neuigkeiten", "Was es Neues gibt")),
    (ConsentType.OPT_IN, Channel.EMAIL, ("Newsletter", "Twice a month", "Rundbrief", "Zweimal im Monat")),
    (ConsentType.OPT_OUT, Channel.SMS, ("Delivery notices", "Where it is", "Zustellung", "Wo die Sendung ist")),
    (ConsentType.OPT_IN, Channel.SMS, ("Offers by text", "Now and then", "Angebote per SMS", "Ab und zu")),
)

_CONTACTS = (
    Profile(Role.USER, external_id="ada", email="ada@example.com", name="Ada Example"),
    Profile(Role.USER, external_id="grace", email="grace@example.com", name="Grace Example", phone="+15555550100"),
    Profile(Role.USER, external_id="edsger", email="edsger@example.com", name="Edsger Example"),
)


async def first_workspace(region: Region) -> tuple[Workspace, bool]:
    """The first workspace, made if there is none; whether it was made now."""
    workspaces = await region.workspaces.all()
    if workspaces:
        return workspaces[0], False
    return await region.workspaces.create("My workspace"), True


async def bootstrap_token(region: Region, workspace: Workspace, secret: str) -> None:
    """See to it that a token with this value works, with every scope."""
    known = await region.access.find(secret)
    if known is None or known.revoked_at is not None:
        await region.access.create(workspace.id, "bootstrap", ALL_SCOPES, region.name, secret)


async def first_token(region: Region, workspace: Workspace) -> str:
    _, secret = await region.access.create(workspace.id, "first", ALL_SCOPES, region.name)
    return secret


async def demo(region: Region, workspace: Workspace) -> tuple[str, str]:
    """Types and contacts to try things on, and a fresh token that replaces the last; (token, a contact's id)."""
    if not await region.types.all(workspace.id):
        await _types(region, workspace)
    contact_id = ""
    for profile in _CONTACTS:
        contact_id = await _contact(region, workspace, profile)
    for token in await region.access.all(workspace.id):
        if token.name == DEMO and token.revoked_at is None:
            await region.access.revoke(workspace.id, token.id)
    _, secret = await region.access.create(workspace.id, DEMO, ALL_SCOPES, region.name)
    return secret, contact_id


async def _types(region: Region, workspace: Workspace) -> None:
    for consent_type, channel, (name, description, german, german_description) in _TYPES:
        draft = TypeDraft(
            consent_type=consent_type,
            channels=(channel,),
            state=TypeState.LIVE,
            default_translation=Translation(name, description, "en"),
            translations=(Translation(german, german_description, "de"),),
        )
        await region.types.create(workspace.id, draft)


async def _contact(region: Region, workspace: Workspace, profile: Profile) -> str:
    author = Author("system", DEMO, "system", "")
    try:
        return (await region.contacts.create(author, workspace.id, ContactDraft(profile))).id
    except DuplicateContact as there:
        return there.contact_id
