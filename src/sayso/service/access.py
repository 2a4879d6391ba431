"""Access: tokens made, listed, revoked and recognised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from sayso.domain.access import Scope, Token, Workspace
from sayso.domain.act import SYSTEM, Author
from sayso.domain.errors import Invalid, NotFound, Unauthenticated
from sayso.domain.region import token as region_token
from sayso.domain.settings_log import of_token
from sayso.service.decided import decided
from sayso.service.ports import Clock, Ids, Store
from sayso.service.settings_log import SettingsLog
from sayso.service.snapshot import Snapshot, Snapshots

#: How many tokens are remembered. Beyond that the one looked up first is dropped, and looked up again when it comes.
MOST_KNOWN = 10_000


class Known(NamedTuple):
    """A token that was valid, and the workspace's record at that time. May be kept for long: it holds no snapshot."""

    token: Token
    workspace: Workspace


class Caller(NamedTuple):
    """Who calls, recognised by token, and the snapshot of their workspace."""

    token: Token
    snapshot: Snapshot

    @property
    def known(self) -> Known:
        """What to keep of the caller for `AccessService.recall`."""
        return Known(self.token, self.snapshot.workspace)


class AccessService:
    def __init__(self, store: Store, snapshots: Snapshots, log: SettingsLog, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._snapshots = snapshots
        self._log = log
        self._clock = clock
        self._ids = ids
        self._known: dict[bytes, Known] = {}

    def recall(self, known: Known, now: int) -> Snapshot | None:
        """The snapshot of a workspace that nothing has changed in since a token was valid there, at most a second old.

        None where the store has to be asked. Revoking a token is a change too.
        """
        return self._snapshots.unchanged(known.workspace, now)

    async def authenticate(self, secret: bytes) -> Caller:
        """The caller whose token this is. Raises Unauthenticated."""
        digest = sha256(secret).digest()
        known = self._known.get(digest)
        if known is not None and compare_digest(known.token.digest, digest):
            snapshot = await self._snapshots.of(known.workspace.id)
            if snapshot is not None and snapshot.workspace is known.workspace:
                return Caller(known.token, snapshot)
            # Whoever asked the store meanwhile may have taken it out too.
            self._known.pop(digest, None)
        return await self._look_up(digest)

    async def _look_up(self, digest: bytes) -> Caller:
        token = await self._store.token.find(digest)
        if token is None or token.revoked_at is not None:
            raise Unauthenticated("Access Token Invalid")
        snapshot = await self._snapshots.of(token.workspace_id)
        # Read once more after the snapshot: a token revoked in between belongs to a newer one.
        token = await self._store.token.find(digest)
        if snapshot is None or token is None or token.revoked_at is not None:
            raise Unauthenticated("Access Token Invalid")
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        caller = Caller(token, snapshot)
        self._known[digest] = caller.known
        return caller

    async def create(
        self,
        workspace_id: str,
        name: str,
        scopes: Iterable[Scope],
        region: str,
        secret: str | None = None,
        *,
        author: Author = SYSTEM,
    ) -> tuple[Token, str]:
        """A new token and its value, which is not kept and shown this once. Raises Invalid and NotFound."""
        granted = frozenset(scopes)
        if not granted:
            raise Invalid("a token needs at least one scope: read, write, admin", "scopes")
        if await self._store.workspace.find(workspace_id) is None:
            raise NotFound(f"there is no workspace {workspace_id}")
        value = secret or region_token(region, self._ids.secret())
        token = Token(
            id=self._ids.code(),
            workspace_id=workspace_id,
            name=name,
            digest=sha256(value.encode()).digest(),
            hint=value[-4:],
            scopes=granted,
            created_at=self._clock(),
        )

        async def decide() -> Token:
            return token

        async def commit(made: Token) -> None:
            await self._store.token.add(made, await self._log.next(workspace_id, of_token(made), author))

        await decided(decide, commit)
        return token, value

    async def all(self, workspace_id: str) -> list[Token]:
        return await self._store.token.all(workspace_id)

    async def find(self, secret: str) -> Token | None:
        """The token that has this value, revoked or not."""
        return await self._store.token.find(sha256(secret.encode()).digest())

    async def revoke(self, workspace_id: str, token_id: str, *, author: Author = SYSTEM) -> None:
        """Raises NotFound. The token stops working within a second on every server."""

        async def decide() -> Token:
            for token in await self.all(workspace_id):
                if token.id == token_id and token.revoked_at is None:
                    return replace(token, revoked_at=self._clock())
            raise NotFound(f"there is no token {token_id} that works")

        async def commit(revoked: Token) -> None:
            await self._store.token.revoke(revoked, await self._log.next(workspace_id, of_token(revoked), author))

        await decided(decide, commit)
        await self._snapshots.current(workspace_id)
