"""Access policy of views: a mark on the view, which ``AccessMiddleware`` enforces.

Marks stand in ``dashboard.urls`` and on Django's admin. A view without one is for Staff and Admins.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial, wraps
from typing import Any, TypeVar, cast

View = TypeVar("View", bound=Callable[..., Any])


class Policy(StrEnum):
    """Access to a view, by the name of the property of ``User`` that has to be true."""

    PUBLIC = ""  # everyone, signed in or not
    STAFF = "is_member"
    ADMINS = "is_admin"
    WALLBOARD = "may_see_holds"


def mark(view: View, policy: Policy) -> View:
    """Return a wrapper of the view with this policy, as Django's ``csrf_exempt`` does.

    An attribute on the view itself would hold wherever else the same function is used.
    """

    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    marked.policy = policy  # type: ignore[attr-defined]
    return cast("View", marked)


public = partial(mark, policy=Policy.PUBLIC)
admins_only = partial(mark, policy=Policy.ADMINS)
wallboard_too = partial(mark, policy=Policy.WALLBOARD)


def policy_of(view: Callable[..., Any]) -> Policy:
    """Return the policy of a view as the URLconf holds it."""
    return getattr(view, "policy", Policy.STAFF)
