"""Contacts that were merged away: since 2.16 a request that names one is told where its contact is now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from sayso.domain.errors import ContactMerged, ContactNotFound
from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.versions import Version

Handler = Callable[[Call], Awaitable[Response]]


def telling(handler: Handler) -> Handler:
    """A handler whose first parameter is a contact's id, and whose answer to one that is not there says why."""

    @wraps(handler)
    async def told(call: Call) -> Response:
        try:
            return await handler(call)
        except ContactNotFound:
            if call.version < Version.V2_16:
                raise
            into = await call.region.merges.canonical(call.workspace_id, call.parameters[0])
            if into is None:
                raise
            raise ContactMerged(into) from None

    return told
