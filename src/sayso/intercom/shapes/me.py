"""The admin and the app that a token speaks for."""

from __future__ import annotations

from msgspec import Struct


class App(Struct, tag_field="type", tag="app"):
    id_code: str
    name: str
    created_at: int
    secure: bool
    identity_verification: bool
    timezone: str
    region: str


class AdminAvatar(Struct, tag_field="type", tag="avatar"):
    image_url: str | None = None


class Me(Struct, tag_field="type", tag="admin"):
    id: str
    email: str
    name: str
    email_verified: bool
    app: App
    avatar: AdminAvatar
    has_inbox_seat: bool
    job_title: str = ""
    away_mode_enabled: bool = False
    away_mode_reassign: bool = False
    team_ids: list[int] = []
