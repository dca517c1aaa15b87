"""Services for people: the only code that changes them, with permission checks and audit entries.

``by=None`` is the system: a command that an operator runs, or the proxy, as ``reason`` then says.
Admins cannot change their own role or deactivate themselves, only superusers change superusers, and
the last active Admin stays one.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, role_of
from dashboard.audit import trail
from dashboard.audit.lookalikes import reads_like_system, skeleton
from dashboard.audit.trail import Action, Outcome


class Fields(TypedDict, total=False):
    """Values of a person that Admins enter."""

    username: str
    first_name: str
    last_name: str
    email: str
    is_active: bool


FIELDS = tuple(Fields.__annotations__)


class PeopleError(Exception):
    """Refusal of a change to a person by the rules."""

    code: str  # for the audit log
    words: str | Promise  # shown to the person


class NotAdminError(PeopleError):
    code = "not_admin"
    words = _("Only Admins may change people, and you are no longer one.")


class OwnRoleError(PeopleError):
    code = "own_role"
    words = _("You cannot change your own role or switch yourself off. Ask another Admin.")


class SuperuserError(PeopleError):
    code = "superuser"
    words = _("Only a superuser may make or change a superuser.")


class LastAdminError(PeopleError):
    code = "last_admin"
    words = _("This is the last active Admin. Make another person an Admin first.")


class SessionEndedError(Exception):
    """The session of the person who acts has ended since the request began."""


def add_person(
    *,
    role: str,
    password: str | None = None,
    superuser: bool = False,
    by: Actor | None,
    reason: str = "",
    now: datetime,
    **fields: Unpack[Fields],
) -> User:
    """Add a person with this ``username``, who cannot sign in while ``password`` is None.

    Raises ValidationError per field, and PeopleError: only the system adds superusers.
    """
    fields["username"] = free_username(fields["username"])
    person = User(**fields, is_superuser=superuser, date_joined=now)
    with recorded_change(Action.PERSON_ADDED, person, by, now, reason=reason) as record:
        if superuser and by is not None:
            raise SuperuserError
        assign_password(person, password)
        check_full_name(person)
        person.full_clean(exclude=["password"])
        person.save()
        assign_role(person, Role(role))
        record(after=audit_values(person))
    return person


def change_person(
    *,
    person: int,
    role: str | None = None,
    by: Actor | None,
    reason: str = "",
    now: datetime,
    **fields: Unpack[Fields],
) -> User:
    """Change fields, and the role unless it is None, of the person with this primary key.

    Another role ends the person's sessions.
    Raises User.DoesNotExist, ValidationError per field, and PeopleError.
    """
    target = User.objects.get(pk=person)
    with recorded_change(Action.PERSON_CHANGED, target, by, now, reason=reason) as record:
        target.refresh_from_db()
        before, was_admin = audit_values(target), target.is_admin
        new_role = before["role"] if role is None else Role(role)
        check_superuser(target, by)
        changes_own_role = new_role != before["role"] or fields.get("is_active") is False
        if by is not None and by.user.pk == target.pk and changes_own_role:
            raise OwnRoleError
        if new_role != before["role"]:
            target.sessions_ended += 1  # or a stolen session would gain the new role
        save_fields(target, fields)
        assign_role(target, new_role)
        is_admin = Q(is_superuser=True) | Q(groups__name=Role.ADMINS)
        if was_admin and not User.objects.filter(is_admin, is_active=True).exists():
            raise LastAdminError
        values = audit_values(target)
        after = {name: new for name, new in values.items() if new != before[name]}
        if after:
            record(before={name: before[name] for name in after}, after=after)
    return target


def set_password(*, person: int, password: str, by: Actor | None, now: datetime) -> User:
    """Set the password of the person with this primary key, which ends their sessions.

    Admins set those of others. Raises User.DoesNotExist, ValidationError for a weak password, and
    PeopleError.
    """
    target = User.objects.get(pk=person)
    with recorded_change(Action.PASSWORD_CHANGED, target, by, now, may_be_own=True) as record:
        check_superuser(target, by)
        assign_password(target, password)
        target.save(update_fields=["password"])
        record()
    return target


def set_own_password(*, password: str, by: Actor, now: datetime) -> User:
    """Set the password of the person who acts, which ends their other sessions.

    Raises SessionEndedError where another password, or the end of all sessions, came first: an
    Admin may do that against a thief of the session. Raises ValidationError for a weak password.
    """
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=by.user.pk)
        if person.get_session_auth_hash() != by.user.get_session_auth_hash():
            raise SessionEndedError
        return set_password(person=person.pk, password=password, by=by, now=now)


def free_username(username: str, person: User | None = None) -> str:
    """Return the normalised user name if no one but ``person`` has it or one that looks like it.

    Raises ValidationError for a taken name, and for one that reads like the system's in the log.
    """
    name = User.normalize_username(username)
    others = User.objects.exclude(pk=person.pk) if person else User.objects.all()
    if others.filter(username__iexact=name).exists():
        raise ValidationError({"username": _("This name is already taken.")})
    for other in others.values_list("username", flat=True):
        if looks_like(name, other):
            message = _("This name looks like that of %(name)s.") % {"name": other}
            raise ValidationError({"username": message})
    if reads_like_system(name):
        raise ValidationError({"username": _("This name is reserved for the system.")})
    return name


def looks_like(one: str, other: str) -> bool:
    """Return True for user names that differ in lookalike letters only, not in punctuation."""
    first, second = ([*map(skeleton, re.split(r"[@.+_-]", name))] for name in (one, other))
    return first == second


def check_full_name(person: User) -> None:
    """Raise ValidationError for a name that the log could confuse with the system."""
    if reads_like_system(person.get_full_name()):
        raise ValidationError({"last_name": _("This name reads like the system's in the log.")})


@contextmanager
def recorded_change(
    action: Action,
    person: User,
    by: Actor | None,
    now: datetime,
    *,
    reason: str = "",
    may_be_own: bool = False,
) -> Iterator[Callable[..., None]]:
    """Run one change in a transaction, and yield the function that writes its audit entry.

    Changes run one after the other, and only if ``by`` is (still) an Admin, or changes themselves
    and ``may_be_own``. The row of the group Admins is the lock. SQLite has no row locks, but locks
    the whole database when the transaction begins. Log a refusal outside the transaction, so that
    the rollback does not remove it.
    """

    def record(**columns: Any) -> None:
        asked = audit_identity(person)
        trail.event(action=action, by=by, asked=asked, reason=reason, now=now, **columns)

    is_own = may_be_own and by is not None and by.user.pk == person.pk
    try:
        with transaction.atomic():
            if not is_own:
                Group.objects.select_for_update().get(name=Role.ADMINS)
                check_admin(by)
            yield record
    except PeopleError as refusal:
        record(outcome=Outcome.REFUSED, error_code=refusal.code)
        raise


def check_admin(by: Actor | None) -> None:
    """Raise NotAdminError unless ``by`` is the system or an Admin in the database."""
    if by is not None and not User.objects.get(pk=by.user.pk).is_admin:
        raise NotAdminError


def check_superuser(person: User, by: Actor | None) -> None:
    """Raise SuperuserError if an Admin without the superuser flag changes a superuser."""
    if person.is_superuser and by is not None and not by.user.is_superuser:
        raise SuperuserError


def save_fields(person: User, fields: Fields) -> None:
    """Validate and save new values of FIELDS; end all sessions of a person who is deactivated."""
    if "username" in fields:
        fields["username"] = free_username(fields["username"], person)
    was_active, full_name = person.is_active, person.get_full_name()
    for name, value in fields.items():
        setattr(person, name, value)
    if person.get_full_name() != full_name:
        check_full_name(person)
    if was_active and not person.is_active:
        person.sessions_ended += 1  # or a later activation would revive them
    person.full_clean(exclude=["password"])
    person.save(update_fields=[*FIELDS, "sessions_ended"])


def assign_role(person: User, role: Role) -> None:
    """Put a person into the group of a role and out of the other one; keep unrelated groups."""
    person.groups.remove(*Group.objects.filter(name__in=Role.values).exclude(name=role))
    if role:
        person.groups.add(Group.objects.get(name=role))
    person.__dict__.pop("group_names", None)  # cached


def assign_password(person: User, password: str | None) -> None:
    """Validate and set a password, without saving; None makes it unusable."""
    if password is not None:
        try:
            validate_password(password, person)
        except ValidationError as exc:
            raise ValidationError({"password": exc.error_list}) from exc
    person.set_password(password)


def audit_identity(person: User) -> dict[str, Any]:
    """Return the key and the user name for the ``asked`` column of an audit entry."""
    return {"person": person.pk, "username": person.username}


def audit_values(person: User) -> dict[str, Any]:
    values = {name: getattr(person, name) for name in (*FIELDS, "is_superuser")}
    return {**values, "role": role_of(person)}
