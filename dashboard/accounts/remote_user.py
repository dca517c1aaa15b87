"""Sign-in by the proxy, which names the person and perhaps their groups in headers.

The headers count from TRUSTED_PROXIES only. A session belongs to what the proxy said when it began:
once the proxy names another person, other groups or no person, it ends. So a session that began
with a password ends, too, when the next person sits down at the same browser.
https://docs.djangoproject.com/en/5.2/howto/auth-remote-user/
"""

import re
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from dashboard.accounts import last_user, people, saved_forms, sessions
from dashboard.accounts.actors import actor_of, origin_of
from dashboard.accounts.models import User
from dashboard.accounts.roles import Role, role_of
from dashboard.audit import trail
from dashboard.audit.trail import Action, Outcome
from dashboard.edge.middleware import EdgeRequest, Handler, middleware

IDENTITY_KEY = "proxy_claim"  # in the session
BY_PROXY = "by_proxy"  # reason in the audit log
BETWEEN_GROUPS = re.compile(r"[,;|]")


class Identity(NamedTuple):
    """Person and role that the proxy names in a request."""

    name: str = ""
    role: str | None = None  # by the groups, "" if none is mapped; None if Admins give roles


class NotAdmittedError(Exception):
    """Refusal of a person whom the proxy named; the argument is a code for the audit log."""


@middleware
def sign_in_by_proxy(request: EdgeRequest, get_response: Handler) -> HttpResponseBase:
    """Sign in whom the proxy names. Stands after sessions and authentication.

    Only a GET signs a person in: a form was filled in before, perhaps by another person, so it is
    treated like every form that arrives after the end of a session.
    """
    if not settings.REMOTE_USER_HEADER:
        return get_response(request)
    identity = identity_of(request)
    is_new = request.session.get(IDENTITY_KEY, [*Identity()]) != [*identity]
    if is_new and request.user.is_authenticated:
        sessions.end(request, reason=BY_PROXY, now=timezone.now())
    if not identity.name or request.user.is_authenticated or request.method != "GET":
        return get_response(request)
    user = sign_in(request, identity, is_new=is_new)
    response = get_response(request)
    if user:
        last_user.set_cookie(request, response, user)
    return response


def identity_of(request: HttpRequest) -> Identity:
    """Return what a trusted proxy says; an empty one from others, or without the setting."""
    if not settings.REMOTE_USER_HEADER or not getattr(request, "from_trusted_proxy", False):
        return Identity()
    name = header_text(request, settings.REMOTE_USER_HEADER).strip()
    if not name or not settings.REMOTE_GROUPS_HEADER:
        return Identity(name)
    groups = BETWEEN_GROUPS.split(header_text(request, settings.REMOTE_GROUPS_HEADER))
    roles = {settings.REMOTE_GROUPS.get(group.strip()) for group in groups}
    return Identity(name, next((role for role in (Role.ADMINS, Role.STAFF) if role in roles), ""))


def header_text(request: HttpRequest, name: str) -> str:
    """Return a header in UTF-8, as proxies send it; WSGI reads each as Latin-1."""
    text = request.headers.get(name, "")
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def remember_identity(request: HttpRequest) -> None:
    """Bind the session to what the proxy says now."""
    if settings.REMOTE_USER_HEADER:
        request.session[IDENTITY_KEY] = [*identity_of(request)]


def sign_in(request: HttpRequest, identity: Identity, *, is_new: bool) -> User | None:
    """Sign in the person of an identity; record a refusal once, and return None."""
    now = timezone.now()
    try:
        user = admitted(identity, now=now)
    except (NotAdmittedError, ValidationError) as refusal:
        code = str(refusal) if isinstance(refusal, NotAdmittedError) else "invalid_name"
        if is_new:
            trail.event(
                action=Action.SIGN_IN_FAILED,
                by=None,
                outcome=Outcome.REFUSED,
                error_code=code,
                reason=BY_PROXY,
                actor_name=identity.name,
                now=now,
                **origin_of(request),
            )
            remember_identity(request)
        return None
    login(request, user, settings.AUTHENTICATION_BACKENDS[0])
    saved_forms.after_sign_in(request)
    sessions.begin(request, now=now)
    remember_identity(request)
    trail.event(action=Action.SIGN_IN, by=actor_of(request), reason=BY_PROXY, now=now)
    return user


def admitted(identity: Identity, *, now: datetime) -> User:
    """Return the person of an identity, with the role of their groups.

    An unknown person with a role is added. Raises NotAdmittedError, and ValidationError for a name
    that no person can have, such as two names from two headers.
    """
    User._meta.get_field("username").run_validators(identity.name)
    if User.normalize_username(identity.name) != identity.name:
        raise ValidationError("The name would be stored as another, which may be someone else's.")
    user = named(identity) or added(identity, now=now)
    if not user.is_active:
        raise NotAdmittedError("deactivated")
    if identity.role is not None and identity.role != role_of(user):
        with suppress(people.LastAdminError):  # the last Admin stays one, as the log then says
            user = people.change_person(
                person=user.pk, role=identity.role, by=None, reason=BY_PROXY, now=now
            )
    if identity.role == "" and not user.is_superuser:
        raise NotAdmittedError("no_group")
    return user


def named(identity: Identity) -> User | None:
    # Among all: databases differ in the letters that they take for the same.
    everyone = User.objects.order_by("pk")
    return next((user for user in everyone if is_same_name(user.username, identity.name)), None)


def is_same_name(one: str, other: str) -> bool:
    """Return True for names that differ in capitals only.

    Other letters have the same capital, as a dotless i and ``i``, or the same small letter, as the
    sign of kelvin and ``k``.
    """
    return one.lower() == other.lower() and one.upper() == other.upper()


def added(identity: Identity, *, now: datetime) -> User:
    """Add the person of an identity, unless another of their windows has just done so.

    Raises NotAdmittedError without a role, and ValidationError.
    """
    if not identity.role:
        raise NotAdmittedError("no_group")
    try:
        return people.add_person(
            username=identity.name, role=identity.role, by=None, reason=BY_PROXY, now=now
        )
    except ValidationError:
        if (user := named(identity)) is None:
            raise
        return user
