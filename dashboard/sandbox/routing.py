"""The addresses of cal.com's API that the sandbox answers: those that Holdfast calls."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from dashboard.sandbox.fixtures import User

RESERVATIONS = "/v2/slots/reservations"
RESERVATION = "/v2/slots/reservations/{uid}"
SLOTS = "/v2/slots"
EVENT_TYPES = "/v2/event-types"
EVENT_TYPE = "/v2/event-types/{id}"
TEAMS = "/v2/teams"
TEAM_EVENT_TYPES = "/v2/teams/{id}/event-types"
TEMPLATES = (RESERVATIONS, RESERVATION, SLOTS, EVENT_TYPES, EVENT_TYPE, TEAMS, TEAM_EVENT_TYPES)
PATTERNS = {
    template: re.compile(re.sub(r"\{\w+\}", "([^/]+)", template) + "/?", re.IGNORECASE)
    for template in TEMPLATES
}


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call as its handler gets it; ``argument`` is the uid or id in the path."""

    user: User | None
    argument: str
    query: str
    payload: Any


def without_api_prefix(target: str) -> str:
    """Return a path without ``/api``, which is optional."""
    return target.removeprefix("/api") if target.startswith("/api/v2") else target


def match_path(path: str) -> tuple[str | None, str]:
    """Return the template that a path fits, None for another one, and the decoded uid or id."""
    for template, pattern in PATTERNS.items():
        if match := pattern.fullmatch(without_api_prefix(path)):
            return template, unquote(match[1]) if match.groups() else ""
    return None, ""
