"""/v2/bookings as far as the guards go: the stand-in knows bookings, and does not make them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from dashboard.sandbox.call import Call
from dashboard.sandbox.errors import Refusal, bare
from dashboard.sandbox.identity import optional_user, permitted_user


def listed(call: Call) -> Any:
    """Guarded like cal.com's; the list itself is not offered."""
    permitted_user(call.request, call.world)
    raise _not_offered()


def create(call: Call) -> Any:
    """Guarded like cal.com's; bookings are added through the control route."""
    optional_user(call.request, call.world)
    raise _not_offered()


def _not_offered() -> Refusal:
    return bare(HTTPStatus.NOT_IMPLEMENTED, "This stand-in for cal.com does not offer bookings.")
