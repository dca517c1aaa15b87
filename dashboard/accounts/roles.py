"""Roles: Staff work with holds; Admins also with the log, people and other people's holds.

Wallboard is for a screen on the wall, which shows the holds and can do nothing. Imports no model,
so that ``apps`` can import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS, models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from dashboard.accounts.models import User


class Role(models.TextChoices):
    """Role of a person, stored as membership in the group of this name or in none."""

    NONE = "", _("None: may not enter")
    STAFF = "Staff", _("Staff")
    ADMINS = "Admins", _("Admins")
    WALLBOARD = "Wallboard", _("Wallboard: a screen that only shows the holds")


def is_admin(user: User | AnonymousUser) -> bool:
    """Return whether the user of a request, who may be anonymous, is an Admin."""
    return getattr(user, "is_admin", False)


def role_of(user: User) -> Role:
    """Return the role by groups, the stronger one if a person is in both, active or not."""
    for role in (Role.ADMINS, Role.STAFF, Role.WALLBOARD):
        if role in user.group_names:
            return role
    return Role.NONE


def create_groups(*, apps: Apps = installed, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Create missing groups. Receives Django's ``post_migrate`` signal.

    A migration creates them first; this restores them after a flush.
    """
    try:
        groups = apps.get_model("auth", "Group")._default_manager.using(using)
    except LookupError:  # migrated back to before the auth app
        return
    for role in filter(None, Role.values):
        groups.get_or_create(name=role)
