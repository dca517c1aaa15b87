"""Groups of the permission model. Imports no model, so that ``apps`` can import it."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS

STAFF = "Staff"
ADMINS = "Admins"
WALLBOARD = "Wallboard"


def create_groups(*, apps: Apps = installed, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Create missing groups. Receives Django's ``post_migrate`` signal.

    A migration creates them first; this restores them after a flush.
    """
    try:
        groups = apps.get_model("auth", "Group")._default_manager.using(using)
    except LookupError:  # migrated back to before the auth app
        return
    for name in (STAFF, ADMINS, WALLBOARD):
        groups.get_or_create(name=name)
