"""First start: a workspace and a token to begin with, and the demo's contents."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.domain.access import ALL_SCOPES, Workspace
from sayso.domain.act import Author
from sayso.domain.consent import Wish
from sayso.domain.contact import ContactDraft, Profile, Role
from sayso.domain.data_attribute import AttributeDraft
from sayso.domain.errors import DuplicateContact
from sayso.domain.standing import Choice
from sayso.domain.subscription_type import (
    Channel,
    ConsentType,
    SubscriptionType,
    Translation,
    TypeDraft,
    TypeState,
)
from sayso.service.region import Region

#: By its name the token of the last start is known.
DEMO_TOKEN = "demo, replaced at each start"  # noqa: S105

_AUTHOR = Author("system", "demo", "system", "")

_TYPES = (
    (ConsentType.OPT_OUT, Channel.EMAIL, ("Announcements", "What is new", "Neuigkeiten", "Was es Neues gibt")),
    (ConsentType.OPT_IN, Channel.EMAIL, ("Newsletter", "Twice a month", "Rundbrief", "Zweimal im Monat")),
    (ConsentType.OPT_OUT, Channel.SMS, ("Delivery notices", "Where it is", "Zustellung", "Wo die Sendung ist")),
    (ConsentType.OPT_IN, Channel.SMS, ("Offers by text", "Now and then", "Angebote per SMS", "Ab und zu")),
)

#: What the examples of the description say of a contact.
_PLAN = AttributeDraft("contact", "plan", "string", "Which plan they are on")

_CONTACTS = (
    Profile(Role.USER, external_id="ada", email="ada@example.com", name="Ada Example"),
    Profile(Role.USER, external_id="grace", email="grace@example.com", name="Grace Example", phone="+15555550100"),
    Profile(Role.USER, external_id="edsger", email="edsger@example.com", name="Edsger Example"),
)


@dataclass(frozen=True, slots=True)
class Start:
    """What there is to begin with. `token` is a new token's value, to be shown this once; `path` a request to try."""

    token: str | None = None
    path: str = "/me"
    has_token: bool = True


async def begin(region: Region, bootstrap: str, *, with_demo: bool, api_version: str | None = None) -> Start:
    """See to it that a region has a workspace, and that somebody has a token for it; servers begin one by one. Its
    clients that name no version are answered in `api_version` where that is given."""
    async with region.store.alone():
        return await _begin(region, bootstrap, with_demo=with_demo, api_version=api_version)


async def _begin(region: Region, bootstrap: str, *, with_demo: bool, api_version: str | None) -> Start:
    workspace, new = await first_workspace(region)
    if api_version is not None:
        workspace = await region.workspaces.set_api_version(workspace.id, api_version)
    if bootstrap:
        await bootstrap_token(region, workspace, bootstrap)
    if with_demo:
        token, contact_id = await demo(region, workspace)
        return Start(token, f"/contacts/{contact_id}/subscriptions" if contact_id else "/contacts")
    if new and not bootstrap:
        return Start(await first_token(region, workspace))
    working = [token for token in await region.access.all(workspace.id) if token.revoked_at is None]
    return Start(has_token=bool(working))


async def first_workspace(region: Region) -> tuple[Workspace, bool]:
    """The first workspace, made if there is none; whether it was made now."""
    workspaces = await region.workspaces.all()
    if workspaces:
        return workspaces[0], False
    return await region.workspaces.create("My workspace"), True


async def bootstrap_token(region: Region, workspace: Workspace, secret: str) -> None:
    """See to it that a token with this value exists, with every scope. One that was revoked stays so."""
    if await region.access.find(secret) is None:
        await region.access.create(workspace.id, "bootstrap", ALL_SCOPES, region.name, secret)


async def first_token(region: Region, workspace: Workspace) -> str:
    _, secret = await region.access.create(workspace.id, "first", ALL_SCOPES, region.name)
    return secret


async def demo(region: Region, workspace: Workspace) -> tuple[str, str]:
    """Types and contacts to try things on, and a fresh token that replaces the last; (token, a live contact's id)."""
    types = await region.types.all(workspace.id) or await _types(region, workspace)
    if not await region.attributes.all(workspace.id):
        admin = (await region.admins.all(workspace.id))[0]
        await region.attributes.create(workspace.id, admin.id, _PLAN)
    contacts = [await _contact(region, workspace, profile, types) for profile in _CONTACTS]
    for token in await region.access.all(workspace.id):
        if token.name == DEMO_TOKEN and token.revoked_at is None:
            await region.access.revoke(workspace.id, token.id)
    _, secret = await region.access.create(workspace.id, DEMO_TOKEN, ALL_SCOPES, region.name)
    return secret, next((contact_id for contact_id in contacts if contact_id), "")


async def _types(region: Region, workspace: Workspace) -> list[SubscriptionType]:
    made = []
    for consent_type, channel, (name, description, german, german_description) in _TYPES:
        draft = TypeDraft(
            consent_type=consent_type,
            channels=(channel,),
            state=TypeState.LIVE,
            default_translation=Translation(name, description, "en"),
            translations=(Translation(german, german_description, "de"),),
        )
        made.append(await region.types.create(workspace.id, draft))
    return made


async def _contact(region: Region, workspace: Workspace, profile: Profile, types: list[SubscriptionType]) -> str | None:
    """A demo contact's id, None when it was deleted. A new one has joined the first type that asks for it."""
    try:
        contact_id = (await region.contacts.create(_AUTHOR, workspace.id, ContactDraft(profile))).id
    except DuplicateContact as there:
        return None if there.archived else there.contact_id
    for type_ in types:
        if type_.state is TypeState.LIVE and type_.consent_type is ConsentType.OPT_IN:
            await region.consent.choose(_AUTHOR, workspace.id, contact_id, type_.id, lambda _: Wish(Choice.GRANTED))
            break
    return contact_id
