"""Roles: Staff work with holds; Admins also with the log, people and other people's holds.

Wallboard is for a screen on the wall, which shows the holds and can do nothing.
"""

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.groups import ADMINS, STAFF, WALLBOARD
from dashboard.accounts.models import User


class Role(models.TextChoices):
    """Role of a person, stored as membership in one of the groups or in none."""

    NONE = "", _("None: may not enter")
    STAFF = STAFF, _("Staff")
    ADMINS = ADMINS, _("Admins")
    WALLBOARD = WALLBOARD, _("Wallboard: a screen that only shows the holds")


def is_admin(user: User | AnonymousUser) -> bool:
    """Return whether the user of a request, who may be anonymous, is an Admin."""
    return isinstance(user, User) and user.is_admin


def role_of(user: User) -> Role:
    """Return the role by groups, the stronger one if a person is in both, active or not."""
    for role in (Role.ADMINS, Role.STAFF, Role.WALLBOARD):
        if role in user.group_names:
            return role
    return Role.NONE
