"""Addresses and forms of the admin pages."""

from __future__ import annotations

from dashboard.accounts.models import User
from dashboard.accounts.roles import role_of

LIST = "/admin/dashboard/user/"
ADD = f"{LIST}add/"
NEW = "another horse 8"  # a password


def page_of(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


def filled_form(user: User, **changes: str) -> dict[str, str]:
    """Return the form of a person's page with changes; "" is an unticked box."""
    form = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": "on" if user.is_active else "",
        "role": role_of(user).value,
    }
    shown = {f"initial-{name}": value for name, value in form.items()}
    form |= {"new_password": "", "new_password_again": "", **changes}
    return shown | {name: value for name, value in form.items() if value or name != "is_active"}
