"""Contacts that were merged away: since 2.16 a request that names one is told where its contact is now."""

from __future__ import annotations

from sayso.domain.errors import ContactMerged
from sayso.intercom.call import Call
from sayso.intercom.versions import Version


async def tell(call: Call) -> None:
    """Raises ContactMerged where the contact that a call names first was merged away, and its version tells of it."""
    if call.version < Version.V2_16:
        return
    into = await call.region.merges.canonical(call.workspace_id, call.parameters[0])
    if into is not None:
        raise ContactMerged(into)
