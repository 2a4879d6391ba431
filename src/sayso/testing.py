"""A Sayso for other people's tests, in a thread of their own process.

    from sayso.testing import running

    with running() as sayso:
        client = Intercom(base_url=sayso.url, token=sayso.token)

With pytest, the fixture `sayso` is such a server, put back for each test.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    import socket

    from sayso.domain.fault import Fault
    from sayso.settings import Settings
    from sayso.twin import TwinApp

Kind = Literal["429", "500", "503", "slow", "cut"]
ConsentType = Literal["opt_in", "opt_out"]
ContentType = Literal["email", "sms_message"]
State = Literal["live", "draft", "archived"]

T = TypeVar("T")

#: How long a start, an end or an answer may take, in seconds.
PATIENCE = 30.0


class Refused(Exception):
    """What was asked for by a helper was refused: `status`, and the body that says why."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {json.dumps(body)}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class SubscriptionType:
    """`body` is the whole object, as on the wire."""

    id: str
    name: str
    consent_type: ConsentType
    state: State
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contact:
    """`body` is the whole object, as on the wire in version 2.11 of Intercom's API."""

    id: str
    role: Literal["user", "lead"]
    email: str | None
    external_id: str | None
    body: Mapping[str, Any]


class Clock:
    """The server's clock: it goes with the machine's until it is set, and then stands still."""

    def __init__(self, sayso: Sayso) -> None:
        self._sayso = sayso

    def now(self) -> datetime:
        """In UTC."""
        return datetime.fromtimestamp(self._sayso._within(lambda app: app.twin.clock()) / 1000, UTC)

    def set(self, at: datetime | float) -> None:
        """Stand still at a moment: a datetime with a time zone, or a Unix time in seconds."""
        if isinstance(at, datetime):
            if at.tzinfo is None:
                raise ValueError("a datetime without a time zone is no moment")
            at = at.timestamp()
        self._sayso._within(lambda app: app.twin.clock.set(at))

    def advance(self, by: timedelta | float) -> None:
        """Let time pass at once: a timedelta, or seconds."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        self._sayso._within(lambda app: app.twin.clock.advance(seconds))

    def release(self) -> None:
        """Go with the machine's clock again."""
        self._sayso._within(lambda app: app.twin.clock.release())


class Sayso:
    """A server on loopback: `url` and `token`, which has every scope, are what a client needs. Its methods are for the
    test's own thread; what they make is made by the server itself, and meets no faults."""

    def __init__(self, url: str, token: str, app: TwinApp, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self.token = token
        self.clock = Clock(self)
        self._app = app
        self._loop = loop

    def reset(self) -> None:
        """As it began: no types, no contacts, no faults, and the machine's time. The token stays."""
        self._within(lambda app: app.twin.reset())

    def subscription_type(
        self,
        name: str = "Newsletter",
        *,
        consent_type: ConsentType = "opt_in",
        content_types: Sequence[ContentType] = ("email",),
        state: State = "live",
        description: str = "",
        locale: str = "en",
    ) -> SubscriptionType:
        """A new subscription type. Raises Refused."""
        made = self._call(
            "POST",
            "/sayso/subscription_types",
            {
                "consent_type": consent_type,
                "content_types": list(content_types),
                "state": "live" if state == "archived" else state,
                "default_translation": {"name": name, "description": description, "locale": locale},
            },
        )
        if state == "archived":
            made = self._call("PUT", f"/sayso/subscription_types/{made['id']}", {"state": state})
        return SubscriptionType(made["id"], name, consent_type, made["state"], made)

    def contact(
        self,
        email: str | None = None,
        *,
        external_id: str | None = None,
        role: Literal["user", "lead"] | None = None,
        attached: Sequence[SubscriptionType | str] = (),
        **fields: Any,
    ) -> Contact:
        """A new contact, by an email where nothing is said; `fields` are others of Intercom's, such as `name`.
        `attached` are types that are attached to it. Raises Refused."""
        if email is None and external_id is None and role is None:
            email = "alice@example.com"
        given = {"email": email, "external_id": external_id, "role": role}
        made = self._call("POST", "/contacts", {name: value for name, value in given.items() if value} | fields)
        contact = Contact(made["id"], made["role"], made["email"], made["external_id"], made)
        for type_ in attached:
            self.attach(contact, type_)
        return contact

    def attach(self, contact: Contact | str, type_: SubscriptionType | str) -> None:
        """Attach a type to a contact, whichever way it asks. Raises Refused."""
        type_id = _id(type_)
        asked = self._call("GET", f"/subscription_types/{type_id}")["consent_type"]
        self._call("POST", f"/contacts/{_id(contact)}/subscriptions", {"id": type_id, "consent_type": asked})

    def detach(self, contact: Contact | str, type_: SubscriptionType | str) -> None:
        """Raises Refused."""
        self._call("DELETE", f"/contacts/{_id(contact)}/subscriptions/{_id(type_)}")

    def attached(self, contact: Contact | str) -> list[str]:
        """The ids of the types attached to a contact, in the order of choice. Raises Refused."""
        return [type_["id"] for type_ in self._call("GET", f"/contacts/{_id(contact)}/subscriptions")["data"]]

    def fail(
        self,
        kind: Kind,
        *,
        times: int = 1,
        method: str | None = None,
        route: str | None = None,
        seconds: float | None = None,
        served: bool = False,
    ) -> None:
        """Fail the next requests: with the answers 429, 500 or 503; `slow`, after `seconds` (1); or `cut`, without an
        answer. `method` and `route` say which: a path such as `/contacts/{contact_id}`. `served`: what is asked is
        done, and only its answer lost. Raises ValueError."""
        fault = _fault(kind, times, method, route, seconds, served=served)
        self._within(lambda app: app.twin.fail(fault))

    def forgive(self) -> None:
        """Forget all faults; answers held back are let go."""
        self._within(lambda app: app.twin.faults.clear())

    def faults(self) -> int:
        """How many requests are still to fail."""
        return self._within(lambda app: sum(fault.times for fault in app.twin.faults.waiting))

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        from sayso.http.request import Fields, Request

        told = {b"authorization": f"Bearer {self.token}".encode(), b"intercom-version": b"2.11"}
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method, path.encode(), Fields(told), content, "127.0.0.1")
        response = self._awaited(self._app.honest.respond(request))
        answer = json.loads(response.body) if response.body else None
        if response.status >= 400:
            raise Refused(response.status, answer)
        return answer

    def _within(self, deed: Callable[[TwinApp], T]) -> T:
        """Do something in the server's own thread. Raises ValueError where it is refused."""
        from sayso.domain.errors import Invalid

        async def done() -> T:
            return deed(self._app)

        try:
            return self._awaited(done())
        except Invalid as wrong:
            raise ValueError(wrong.message) from None

    def _awaited(self, work: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(PATIENCE)


@contextmanager
def running(*, token: str = "sayso-token-for-tests", api_version: str = "2.11") -> Iterator[Sayso]:  # noqa: S107
    """A server on a free port of loopback, until the end of the block. `token` has every scope; clients that name no
    version of Intercom's API are answered in `api_version`. Raises ValueError where there is no such version."""
    from sayso.intercom.versions import named
    from sayso.server import listening
    from sayso.settings import Secret, Settings

    if named(api_version.encode()) is None:
        raise ValueError(f"there is no version {api_version}; there are 2.7 to 2.16, Preview and Unstable")
    settings = Settings(port=0, ephemeral=True, rate_limit=0, drain_seconds=1, bootstrap_token=Secret(token))
    listener = listening(settings)
    begun: Future[tuple[Sayso, Callable[[], object]]] = Future()
    thread = threading.Thread(target=_serve, args=(settings, api_version, listener, begun), name="sayso", daemon=True)
    thread.start()
    try:
        sayso, stop = begun.result(PATIENCE)
        try:
            yield sayso
        finally:
            stop()
            thread.join(PATIENCE)
    finally:
        listener.close()


def _serve(
    settings: Settings, api_version: str, listener: socket.socket, begun: Future[tuple[Sayso, Callable[[], object]]]
) -> None:
    """What the server's thread does."""
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(_served(settings, api_version, listener, begun))
    except BaseException as error:
        if begun.done():
            raise
        begun.set_exception(error)


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _served(
    settings: Settings, api_version: str, listener: socket.socket, begun: Future[tuple[Sayso, Callable[[], object]]]
) -> None:
    import uvicorn

    from sayso import server, twin
    from sayso.service.first_start import begin
    from sayso.service.region import Regions

    async def begin_with_token(regions: Regions) -> None:
        await begin(regions.default, settings.bootstrap_token, with_demo=False, api_version=api_version)

    loop = asyncio.get_running_loop()
    async with twin.composed(settings) as composed:
        await twin.remembered(begin_with_token)(composed.regions)
        app = composed.app
        assert isinstance(app, twin.TwinApp)
        # uvicorn's own, and not the one that settles a process: this process is somebody else's.
        serving = uvicorn.Server(server.configured(settings, app))

        def stop() -> None:
            app.twin.faults.clear()
            serving.should_exit = True

        sayso = Sayso(server.address(settings, listener), settings.bootstrap_token, app, loop)
        begun.set_result((sayso, lambda: loop.call_soon_threadsafe(stop)))
        await serving.serve(sockets=[listener])


def _fault(
    kind: Kind, times: int, method: str | None, route: str | None, seconds: float | None, *, served: bool
) -> Fault:
    from msgspec import UNSET

    from sayso.api.shapes.twin import FaultFields
    from sayso.domain.errors import Invalid

    fields = FaultFields(kind, times, method, route, UNSET if seconds is None else seconds, served)
    try:
        return fields.asked()
    except Invalid as wrong:
        raise ValueError(wrong.message) from None


def _id(named: Contact | SubscriptionType | str) -> str:
    return named if isinstance(named, str) else named.id
