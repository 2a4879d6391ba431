"""`sayso type`: create, list, translate, publish, archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sayso.cli import data, output

if TYPE_CHECKING:
    from sayso.domain.access import Workspace
    from sayso.domain.subscription_type import SubscriptionType, TypeDraft
    from sayso.service.region import Region


@click.group("type")
def command() -> None:
    """Make, translate, publish and archive subscription types. Running servers follow within two seconds."""


@command.command()
@click.option(
    "--consent-type",
    required=True,
    type=click.Choice(["opt_in", "opt_out"]),
    help="opt_in: nobody gets it until they join; opt_out: everybody does until they leave.",
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    type=click.Choice(["email", "sms_message"]),
    help="May be repeated [default: email].",
)
@click.option("--name", required=True, help="What contacts read.")
@click.option("--description", default="", help="What contacts read below it.")
@click.option("--locale", default="en", show_default=True, help="Language of name and description.")
@click.option("--live", is_flag=True, help="Publish it at once; otherwise it is a draft.")
@data.of_workspace
@data.options
def create(
    consent_type: str,
    channels: tuple[str, ...],
    name: str,
    description: str,
    locale: str,
    live: bool,
    workspace_id: str | None,
    **where: Any,
) -> None:
    """Make a subscription type."""

    async def make(region: Region, workspace: Workspace) -> SubscriptionType:
        from sayso.domain.act import OPERATOR
        from sayso.domain.subscription_type import Channel, ConsentType, Translation, TypeDraft, TypeState

        draft = TypeDraft(
            consent_type=ConsentType(consent_type),
            channels=tuple(Channel(channel) for channel in channels) or None,
            state=TypeState.LIVE if live else TypeState.DRAFT,
            default_translation=Translation(name, description, locale),
        )
        return await region.types.create(workspace.id, draft, author=OPERATOR)

    place = data.Where(**where)
    _show(place.run_in_workspace(workspace_id, make), place)


@command.command("list")
@data.of_workspace
@data.options
def list_all(workspace_id: str | None, **where: Any) -> None:
    """List subscription types in every state, the oldest first."""

    async def read(region: Region, workspace: Workspace) -> list[SubscriptionType]:
        return await region.types.all(workspace.id)

    place = data.Where(**where)
    found = place.run_in_workspace(workspace_id, read)
    if place.as_json:
        output.show_json({"types": [_form(type_) for type_ in found]})
        return
    rows = [
        (
            type_.id,
            type_.state,
            type_.consent_type,
            " ".join(type_.channels),
            type_.default_translation.name,
            " ".join(translation.locale for translation in type_.translations),
        )
        for type_ in found
    ]
    output.show_rows(("id", "state", "consent_type", "channels", "name", "locales"), rows)


@command.command()
@click.argument("type_id")
@click.option("--locale", required=True, help="Such as de or pt-BR.")
@click.option("--name", required=True, help="What contacts read.")
@click.option("--description", default="", help="What contacts read below it.")
@data.of_workspace
@data.options
def translate(type_id: str, locale: str, name: str, description: str, workspace_id: str | None, **where: Any) -> None:
    """Word a type in one more language, or in one anew. Earlier choices keep the wording they were made on."""

    async def change(region: Region, workspace: Workspace) -> SubscriptionType:
        from sayso.domain.act import OPERATOR
        from sayso.domain.subscription_type import Translation

        wording = Translation(name, description, locale)
        return await region.types.translate(workspace.id, type_id, wording, author=OPERATOR)

    place = data.Where(**where)
    _show(place.run_in_workspace(workspace_id, change), place)


@command.command()
@click.argument("type_id")
@data.of_workspace
@data.options
def publish(type_id: str, workspace_id: str | None, **where: Any) -> None:
    """Make a draft or archived type live. Its consent type and channels are fixed from then on."""
    _move(type_id, "live", workspace_id, data.Where(**where))


@command.command()
@click.argument("type_id")
@data.of_workspace
@data.options
def archive(type_id: str, workspace_id: str | None, **where: Any) -> None:
    """Take a type out of use. Choices on it stay, and can still be taken back."""
    _move(type_id, "archived", workspace_id, data.Where(**where))


def _move(type_id: str, state: str, workspace_id: str | None, place: data.Where) -> None:
    async def change(region: Region, workspace: Workspace) -> SubscriptionType:
        from sayso.domain.act import OPERATOR

        return await region.types.update(workspace.id, type_id, _state(state), author=OPERATOR)

    _show(place.run_in_workspace(workspace_id, change), place)


def _state(state: str) -> TypeDraft:
    from sayso.domain.subscription_type import TypeDraft, TypeState

    return TypeDraft(state=TypeState(state))


def _show(type_: SubscriptionType, place: data.Where) -> None:
    if place.as_json:
        output.show_json(_form(type_))
        return
    form = _form(type_)
    wordings = {f"in {one['locale']}": f"{one['name']}: {one['description']}" for one in form.pop("translations")}
    form["content_types"] = " ".join(form["content_types"])
    output.show_facts({**form, **wordings})


def _form(type_: SubscriptionType) -> dict[str, Any]:
    return {
        "id": type_.id,
        "state": type_.state,
        "consent_type": type_.consent_type,
        "content_types": list(type_.channels),
        "default_locale": type_.default_locale,
        "translations": [
            {"locale": one.locale, "name": one.name, "description": one.description} for one in type_.translations
        ],
    }
