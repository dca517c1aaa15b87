"""The only way to change people: every change is allowed, locked and written to the audit here.

``by=None`` is the system: a command that an operator runs. Admins may not touch their own role
or switch themselves off, only superusers may change superusers, and the last active Admin stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from dashboard.accounts.groups import ADMINS, lay_groups
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, role_of
from dashboard.audit import trail
from dashboard.audit.actor import Actor
from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import SYSTEM

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Action = AuditEntry.Action

FIELDS = ("username", "first_name", "last_name", "email", "is_active")


class PeopleError(Exception):
    """A change to a person that the rules refuse."""

    code: str  # for the audit
    words: StrOrPromise  # for people


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


def add_person(
    *,
    username: str,
    role: str,
    password: str | None = None,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    is_active: bool = True,
    superuser: bool = False,
    by: Actor | None,
    now: datetime,
) -> User:
    """Add a person; without a password they cannot sign in until one is set.

    Only the system makes superusers. Raises ValidationError per field, or PeopleError.
    """
    person = User(
        username=free_username(username),
        first_name=first_name,
        last_name=last_name,
        email=email,
        is_active=is_active,
        is_superuser=superuser,
        date_joined=now,
    )
    with _change(Action.PERSON_ADDED, person, by, now):
        if superuser and by is not None:
            raise SuperuserError
        _give_password(person, password)
        person.full_clean(exclude=["password"])
        person.save()
        _give_role(person, Role(role))
        _write(Action.PERSON_ADDED, person, by, now, after=_facts(person))
    return person


def change_person(
    *,
    person: int,
    username: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    email: str | None = None,
    is_active: bool | None = None,
    role: str | None = None,
    by: Actor | None,
    now: datetime,
) -> User:
    """Change what is given of the person with this primary key; None leaves a field as it is.

    Raises User.DoesNotExist, ValidationError per field, or PeopleError.
    """
    given = (username, first_name, last_name, email, is_active)
    wished = {name: value for name, value in zip(FIELDS, given, strict=True) if value is not None}
    changed = User.objects.get(pk=person)
    with _change(Action.PERSON_CHANGED, changed, by, now):
        changed.refresh_from_db()
        before = _facts(changed)
        wished_role = before["role"] if role is None else Role(role)
        _check_superuser(changed, by)
        _check_own(changed, wished, wished_role, by)
        was_admin = changed.is_admin
        _apply(changed, wished, wished_role)
        if was_admin and not _active_admins().exists():
            raise LastAdminError
        _write_difference(changed, before, _facts(changed), by, now)
    return changed


def set_password(*, person: int, password: str, by: Actor | None, now: datetime) -> User:
    """Give a person a new password, which ends all their sessions.

    Raises User.DoesNotExist, ValidationError for a weak password, or PeopleError.
    """
    changed = User.objects.get(pk=person)
    with _change(Action.PASSWORD_CHANGED, changed, by, now):
        _check_superuser(changed, by)
        _give_password(changed, password)
        changed.save(update_fields=["password"])
        _write(Action.PASSWORD_CHANGED, changed, by, now)
    return changed


def free_username(username: str, person: User | None = None) -> str:
    """The name in its one spelling, if nobody else has it, in capitals or not.

    Raises ValidationError where somebody has it, or where the audit would mistake it.
    """
    name = User.normalize_username(username)
    others = User.objects.filter(username__iexact=name)
    if person is not None:
        others = others.exclude(pk=person.pk)
    if others.exists():
        raise ValidationError({"username": _("This name is already taken.")})
    if name.casefold() == SYSTEM:
        raise ValidationError({"username": _("This name is reserved for the system.")})
    return name


@contextmanager
def _change(action: Action, person: User, by: Actor | None, now: datetime) -> Iterator[None]:
    """One change at a time, all or nothing; a refused one is in the audit too."""
    try:
        with transaction.atomic():
            _wait_for_turn()
            _check_still_admin(by)
            yield
    except PeopleError as refused:
        trail.event(
            action=action,
            by=by,
            outcome=AuditEntry.Outcome.REFUSED,
            asked=_asked(person),
            error_code=refused.code,
            now=now,
        )
        raise


def _wait_for_turn() -> None:
    # The row stands for all people: whoever locks it sees the others' changes finished.
    # SQLite has no row locks; there a transaction of ours has the database to itself.
    if not Group.objects.select_for_update().filter(name=ADMINS).first():
        lay_groups()


def _check_still_admin(by: Actor | None) -> None:
    if by is not None and not User.objects.get(pk=by.user.pk).is_admin:
        raise NotAdminError


def _check_superuser(person: User, by: Actor | None) -> None:
    if person.is_superuser and by is not None and not by.user.is_superuser:
        raise SuperuserError


def _check_own(person: User, wished: dict[str, Any], role: Role, by: Actor | None) -> None:
    if by is None or by.user.pk != person.pk:
        return
    if role != role_of(person) or not wished.get("is_active", True):
        raise OwnRoleError


def _active_admins() -> QuerySet[User]:
    may = Q(is_superuser=True) | Q(groups__name=ADMINS)
    return User.objects.filter(may, is_active=True)


def _apply(person: User, wished: dict[str, Any], role: Role) -> None:
    if "username" in wished:
        wished["username"] = free_username(wished["username"], person)
    was_active = person.is_active
    for name, value in wished.items():
        setattr(person, name, value)
    if was_active and not person.is_active:
        person.sessions_ended += 1  # or switched on again, they would live again
    person.full_clean(exclude=["password"])
    person.save(update_fields=[*FIELDS, "sessions_ended"])
    _give_role(person, role)


def _give_role(person: User, role: Role) -> None:
    """Put a person into the one group of a role. Other groups, if any, are left alone."""
    person.groups.remove(*Group.objects.filter(name__in=Role.values).exclude(name=role))
    if role:
        person.groups.add(Group.objects.get(name=role))
    person.__dict__.pop("group_names", None)


def _give_password(person: User, password: str | None) -> None:
    if password is not None:
        try:
            validate_password(password, person)
        except ValidationError as exc:
            raise ValidationError({"password": exc.error_list}) from exc
    person.set_password(password)


def _facts(person: User) -> dict[str, Any]:
    names = (*FIELDS, "is_superuser")
    return {**{name: getattr(person, name) for name in names}, "role": role_of(person)}


def _asked(person: User) -> dict[str, Any]:
    return {"person": person.pk, "username": person.username}


def _write_difference(
    person: User, before: dict[str, Any], after: dict[str, Any], by: Actor | None, now: datetime
) -> None:
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        _write(
            Action.PERSON_CHANGED,
            person,
            by,
            now,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )


def _write(action: Action, person: User, by: Actor | None, now: datetime, **facts: Any) -> None:
    trail.event(action=action, by=by, asked=_asked(person), now=now, **facts)
