"""Who a token speaks for."""

from __future__ import annotations

from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.me import AdminAvatar, App, Me


async def identify(call: Call) -> Response:
    """The workspace's first admin, and the workspace as an app."""
    snapshot = call.snapshot
    workspace, admin = snapshot.workspace, snapshot.admins[0]
    app = App(
        id_code=workspace.id,
        name=workspace.name,
        created_at=workspace.created_at // 1000,
        secure=False,
        identity_verification=False,
        timezone=workspace.timezone,
        region=call.region.name.upper(),
    )
    return call.reply(Me(admin.id, admin.email, admin.name, True, app, AdminAvatar(), True))
