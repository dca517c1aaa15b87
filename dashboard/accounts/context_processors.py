"""Template context about the person who views a page."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from dashboard.accounts.roles import is_admin, is_staff_member


def roles(request: HttpRequest) -> dict[str, bool]:
    """Return ``is_admin`` and ``is_member``; both False if a request failed before sign-in."""
    user = getattr(request, "user", AnonymousUser())
    return {"is_admin": is_admin(user), "is_member": is_staff_member(user)}
