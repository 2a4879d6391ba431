"""Write COMPATIBILITY.md: what Intercom has, by version, served or not. `python -m scripts.compatibility`."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path

from scripts.facts import VERSIONS, facts
from scripts.reference import page as made_page
from scripts.reference import table

from sayso.intercom.routes import NOT_STORED, ROUTES, Route
from sayso.intercom.unserved import Operation, key, operations
from sayso.intercom.versions import Version

PAGE = Path(__file__).parent.parent / "COMPATIBILITY.md"

_INBOX = "belongs to Intercom's inbox; Sayso has none"
_MESSENGER = "belongs to Intercom's Messenger; Sayso has none"
_TICKETS = "Sayso has no tickets"
_HELP = "Sayso publishes nothing"
_LOG = "Intercom's log of its own product; what changed here is in Sayso's ledger and events"

#: Why an operation is not served.
WHY = {
    ("PUT", "/admins/{}/away"): _INBOX,
    ("GET", "/contacts/{}/banners"): _MESSENGER,
    ("POST", "/contacts/{}/banners/{}/dismiss"): _MESSENGER,
}

#: Where the descriptions and what clients can read differ: what is described, and what Sayso answers.
DIFFERENCES = (
    ("`avatar` of a contact", "an object with `image_url`", "the URL, or null: generated clients read a string"),
    (
        "`pages.next` of companies",
        "an object",
        (
            "a URL in every numbered version, which clients follow; an object in Preview and Unstable. "
            "Nango's action that lists companies expects an object: it reads 150 of them at most; its sync reads all"
        ),
    ),
    (
        "`GET /companies` with `company_id` or `name`",
        "a list",
        "the company itself, with `data` and `pages` beside its fields, where there is one",
    ),
    ("`scroll_param` of the empty page that ends a scroll", "a string", "null: generated clients go on until it is"),
    ("`remote_created_at` of a company", "always there", "absent unless it was given"),
    (
        "`GET /contacts/activities`",
        "`contact.merge_failed` among its events; the latest at once",
        (
            "no refused merges, of which nothing is recorded, and no changes of a role from before Sayso recorded "
            "them; an event 10 seconds after it happened, or a client could miss one whose change took longer than a "
            "later one's"
        ),
    ),
    ("`email` of a contact", "always a string", "null where there is none: leads and users may be without"),
)

#: What a list that is always empty stands for.
EMPTY = {
    ("GET", "/admins/activity_logs"): _LOG,
    ("POST", "/admins/activity_logs/search"): _LOG,
    ("GET", "/admins/activity_log_event_types"): _LOG,
    ("GET", "/teams"): _INBOX,
    ("GET", "/conversations"): _INBOX,
    ("POST", "/conversations/search"): _INBOX,
    ("POST", "/tickets/search"): _TICKETS,
    ("GET", "/ticket_types"): _TICKETS,
    ("GET", "/articles"): _HELP,
    ("GET", "/help_center/collections"): _HELP,
    ("GET", "/news/news_items"): _HELP,
}

SERVED = {key(route.method, route.path): route for route in ROUTES}


def page() -> str:
    known, elsewhere = operations(), _described_elsewhere()
    served = [operation for operation in known if operation.key in SERVED and operation.key not in EMPTY]
    about = (
        "Which of Intercom's contact operations Sayso serves, by version of Intercom's API.\n"
        f"Of its {len(known)} operations {len(served)} are served, each in every version that has it."
    )
    signs = (
        "● served · ◌ a list that is always empty · ○ not served: 404 `not_found` with a message that says so · —\n"
        "the version does not have it: 400 `intercom_version_invalid` where the client names that version;\n"
        "requests without `Intercom-Version` can use every operation. Unstable is answered as Preview, versions\n"
        "before 2.7 as 2.7."
    )
    return made_page(
        "Compatibility",
        about,
        signs,
        *_sections(known),
        "## Of other parts of Intercom",
        "Described outside the contacts side, and served.",
        table(
            ("Operation", "Since"), [_served(route) for own, route in SERVED.items() if own in elsewhere - set(EMPTY)]
        ),
        "## Beside Intercom's descriptions",
        "The descriptions that this page is made from do not have these: clients ask for them, or a newer Preview\n"
        "has them.",
        table(("Operation", "Since"), map(_served, _beside({operation.key for operation in known} | elsewhere))),
        "## Lists that are always empty",
        "Connectors read these and stop at the first 404. Sayso does not store what they list: the list is empty, in\n"
        "the shape of the version, and the header field `Sayso-Not-Stored` says what is not stored. Everything else\n"
        "of these parts, and every write, is answered with 404.",
        table(("Operation", "Since", "Why"), map(_empty, NOT_STORED)),
        "## Failed items of bulk jobs",
        "A job whose items failed ends in the state `completed_with_errors`, as Intercom describes it. Neither which\n"
        "items failed nor why is shown.",
        "## Where clients count more than the descriptions",
        table(("What", "Described", "Answered"), DIFFERENCES),
        "Nango publishes no package: the project's tests make its calls in their own words.",
        "Everything else of Intercom's, such as conversations, tickets and articles, is answered with 404 `not_found`.",
    )


def _sections(known: Iterable[Operation]) -> Iterable[str]:
    by_tag: dict[str, list[Operation]] = {}
    for operation in known:
        by_tag.setdefault(operation.tag, []).append(operation)
    for tag, of_tag in by_tag.items():
        yield f"## {tag}"
        yield table(("Operation", *map(_name, Version), "Why not"), [_row(operation) for operation in of_tag])


def _row(operation: Operation) -> list[str]:
    sign = "◌" if operation.key in EMPTY else "●" if operation.key in SERVED else "○"
    signs = [sign if version >= operation.since else "—" for version in Version]
    why = EMPTY.get(operation.key) or WHY.get(operation.key, "")
    return [f"`{operation.method} {operation.path}`", *signs, why]


def _empty(route: Route) -> tuple[str, str, str]:
    return f"`{route.method} {route.path}`", _name(route.since), EMPTY[key(route.method, route.path)]


def _name(version: Version) -> str:
    return "Preview" if version is Version.PREVIEW else f"2.{version - 200}"


def _served(route: Route) -> tuple[str, str]:
    return f"`{route.method} {route.path}`", _name(route.since)


def _described_elsewhere() -> set[tuple[str, str]]:
    """The operations that are described in other parts of Intercom than its contacts side."""
    found = {operation for version in VERSIONS for operation in facts(version)["lists"]}
    return {key(*operation.split(" ")) for operation in found}


def _beside(described: Container[tuple[str, str]]) -> list[Route]:
    return [route for own, route in SERVED.items() if own not in described and own not in EMPTY]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
