"""Admins, as Intercom tells them. None of ours is away, is in a team, or has a picture."""

from __future__ import annotations

from msgspec import Struct

from sayso.domain.admin import Admin as DomainAdmin


class Admin(Struct, tag_field="type", tag="admin"):
    email: str
    id: str
    name: str
    job_title: str = ""
    away_mode_enabled: bool = False
    away_mode_reassign: bool = False
    has_inbox_seat: bool = True
    away_status_reason_id: int | None = None
    team_ids: list[int] = []
    avatar: None = None

    @classmethod
    def of(cls, admin: DomainAdmin) -> Admin:
        return cls(admin.email, admin.id, admin.name)


class AdminList(Struct, tag_field="type", tag="admin.list"):
    admins: list[Admin]
