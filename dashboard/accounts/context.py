"""What every template may ask about the person who looks at it."""

from django.http import HttpRequest

from dashboard.accounts.roles import is_admin, is_staff_member


def roles(request: HttpRequest) -> dict[str, bool]:
    """``is_admin`` and ``is_member``; both false where a request failed before it had a user."""
    user = getattr(request, "user", None)
    if user is None:
        return {"is_admin": False, "is_member": False}
    return {"is_admin": is_admin(user), "is_member": is_staff_member(user)}
