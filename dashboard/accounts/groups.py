"""The two groups that hold all rights. Imports no model, so that apps.py can use it."""

from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS

STAFF = "Staff"
ADMINS = "Admins"


def lay_groups(*, apps: Apps = installed, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """Make the groups where they are missing. Takes what Django's ``post_migrate`` sends.

    The migration makes them first; this brings them back after a flush.
    """
    try:
        groups = apps.get_model("auth", "Group")._default_manager.using(using)
    except LookupError:  # migrated back to before there were groups
        return
    for name in (STAFF, ADMINS):
        groups.get_or_create(name=name)
