"""The cast: the same people and things in every test.

Acme keeps its consent with Sayso; Globex does too, and should have no access to Acme's contacts.
Alice is Acme's contact in most stories, Bob another one; Grace is Globex'.
"""

from __future__ import annotations

from sayso.domain.act import Act, Author
from sayso.domain.subscription_type import Channel, ConsentType, Translation, TypeDraft, TypeState

ALICE = {"email": "alice@example.com", "external_id": "alice", "name": "Alice"}
BOB = {"email": "bob@example.com", "external_id": "bob", "name": "Bob"}

TOKEN = "acme-token-with-every-scope"
GLOBEX_TOKEN = "globex-token-with-every-scope"

#: 2026-11-02T12:00:00Z, in ms.
NOON = 1_793_620_800_000

AUTHOR = Author("api_key", "tok1", "api", "req1")


def act(number: int = 1, at: int = NOON) -> Act:
    return Act(f"{number:032x}", at, AUTHOR)


def draft(
    consent_type: str = "opt_in",
    channels: tuple[str, ...] = ("email",),
    name: str = "Newsletter",
    state: str = "live",
) -> TypeDraft:
    return TypeDraft(
        ConsentType(consent_type),
        tuple(Channel(channel) for channel in channels),
        TypeState(state),
        Translation(name, f"About {name}", "en"),
        (Translation(f"{name} auf Deutsch", f"Über {name}", "de"),),
    )


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = NOON) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def pass_(self, ms: int) -> None:
        self.now += ms
