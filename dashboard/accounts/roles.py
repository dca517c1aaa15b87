"""Who may do what: Staff work with holds, Admins also with the log, people and anybody's hold."""

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.groups import ADMINS, STAFF
from dashboard.accounts.models import User


class Role(models.TextChoices):
    """What a person is here, as people choose it: the names of the two groups, or neither."""

    NONE = "", _("None: may not enter")
    STAFF = STAFF, _("Staff")
    ADMINS = ADMINS, _("Admins")


def is_staff_member(user: User | AnonymousUser) -> bool:
    """Whether somebody may work with holds: active, and in Staff or Admins (or a superuser)."""
    return isinstance(user, User) and user.is_member


def is_admin(user: User | AnonymousUser) -> bool:
    """Whether somebody is an Admin: active, and in Admins or a superuser."""
    return isinstance(user, User) and user.is_admin


def role_of(user: User) -> Role:
    """The stronger of a person's groups, active or not."""
    for role in (Role.ADMINS, Role.STAFF):
        if role in user.group_names:
            return role
    return Role.NONE
