"""Who may do what: from a setting, or from what Jupyter's authorizer allows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

__all__ = ["Role", "may_edit", "parse_roles", "role_of", "viewer_may"]

Role: TypeAlias = Literal["owner", "editor", "viewer"]


def parse_roles(settings: list[str]) -> dict[str, Role]:
    """Return roles by user from settings such as ``ann=viewer``; ``*`` is everybody else.

    Raises ``ValueError`` for one that is not understood.
    """
    known: dict[str, Role] = {role: role for role in get_args(Role)}
    roles: dict[str, Role] = {}
    for setting in settings:
        user, _, role = setting.rpartition("=")
        if not user or role not in known:
            raise ValueError(f"{setting!r} is not NAME={'|'.join(known)}")
        roles[user] = known[role]
    return roles


def role_of(me: Mapping[str, Any], roles: Mapping[str, Role]) -> Role | None:
    """Return the role of a caller, from Jupyter's ``/api/me``; None for one who may not read."""
    allowed = me.get("permissions") or {}
    contents = set(allowed.get("contents") or ())
    if "read" not in contents:
        return None
    identity = me.get("identity") or {}
    names = (str(identity.get("username")), str(identity.get("name")), "*")
    wanted: Role = next((roles[name] for name in names if name in roles), "editor")
    full = "write" in contents and "execute" in (allowed.get("kernels") or ())
    return wanted if full else "viewer"


def viewer_may(method: str, path: str) -> bool:
    """Whether a viewer's request to Jupyter is passed on: what reads, and signing in and out.

    ``path`` is the one below the base_url.
    """
    if method in ("GET", "HEAD", "OPTIONS"):
        return "/api/terminals" not in path and "/nbconvert" not in path
    return path in ("/login", "/logout")


def may_edit(user: Mapping[str, Any] | None) -> bool:
    """Whether a user may change a notebook, run it and answer it."""
    return bool(user) and (user or {}).get("role", "editor") != "viewer"
