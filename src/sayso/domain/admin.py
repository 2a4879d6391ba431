"""Admins: the human operators of a workspace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sayso.domain.address import normalize_email
from sayso.domain.errors import Conflict, Invalid

EMAIL_LIMIT = 254
NAME_LIMIT = 255

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True)
class Admin:
    """A human operator of a workspace. Its id is a decimal number."""

    id: str
    workspace_id: str
    email: str
    name: str


def check_admin(email: str, name: str) -> None:
    """Raises Invalid with the field's name."""
    if not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > EMAIL_LIMIT:
        raise Invalid("an admin's email is an address such as admin@example.com", "admin_email")
    if not name.strip() or "\0" in name or len(name) > NAME_LIMIT:
        raise Invalid(f"an admin's name has 1 to {NAME_LIMIT} characters", "admin_name")


def create(workspace_id: str, email: str, name: str, known: Iterable[Admin]) -> Admin:
    """Decide a further admin of a workspace that has these. Raises Invalid, Conflict."""
    check_admin(email, name)
    known = list(known)
    if normalize_email(email) in {normalize_email(admin.email) for admin in known}:
        raise Conflict("there is an admin with this email already")
    number = max((int(admin.id) for admin in known), default=0) + 1
    return Admin(str(number), workspace_id, email, name)
