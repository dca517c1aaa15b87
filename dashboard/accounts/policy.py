"""Who may call a view: a mark on the view itself, so that a walk of the URLconf can read it."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite

View = TypeVar("View", bound=Callable[..., Any])


class Policy(StrEnum):
    PUBLIC = "public"  # everybody, signed in or not
    STAFF = "staff"  # active people in Staff or Admins; what an unmarked view has
    ADMINS = "admins"  # active people in Admins, and superusers


def public(view: View) -> View:
    """Let everybody call this view."""
    return _marked(view, Policy.PUBLIC)


def admins_only(view: View) -> View:
    """Let only Admins call this view."""
    return _marked(view, Policy.ADMINS)


def policy_of(view: Callable[..., Any]) -> Policy:
    """The policy of a view as the URLconf holds it: its mark, or the strict default."""
    default = Policy.ADMINS if of_admin_site(view) else Policy.STAFF
    return getattr(view, "policy", default)


def of_admin_site(view: Callable[..., Any]) -> bool:
    """Whether a view belongs to Django's admin, whose views carry their site or model admin."""
    owner = getattr(view, "__self__", None)
    return (
        isinstance(owner, AdminSite) or hasattr(view, "admin_site") or hasattr(view, "model_admin")
    )


def _marked(view: View, policy: Policy) -> View:
    # A wrapper, as Django's csrf_exempt does: a mark on the view itself would also hold wherever
    # else the same function is used.
    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    marked.policy = policy  # type: ignore[attr-defined]
    return cast("View", marked)
