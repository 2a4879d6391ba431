"""Admins: list and find."""

from __future__ import annotations

from sayso.http.response import Response
from sayso.intercom.call import Call
from sayso.intercom.shapes.admin import Admin, AdminList


async def list_all(call: Call) -> Response:
    """Every admin of the workspace, in order of creation."""
    return call.reply(AdminList([Admin.of(admin) for admin in await call.region.admins.all(call.workspace_id)]))


async def find(call: Call) -> Response:
    """One admin."""
    return call.reply(Admin.of(await call.region.admins.find(call.workspace_id, call.parameters[0])))
