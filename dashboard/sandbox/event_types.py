"""GET /v2/event-types, the list and one, and who is calling.

https://cal.com/docs/api-reference/v2/event-types/get-all-event-types
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from dashboard.sandbox.call import Call
from dashboard.sandbox.errors import internal, not_found
from dashboard.sandbox.event_type_body import dynamic, individual, of_team
from dashboard.sandbox.fixtures import EventType, User
from dashboard.sandbox.identity import optional_user, permitted_user, required_user


def listed(call: Call) -> Any:
    """Event types that somebody owns; a team's are never among them."""
    user = optional_user(call.request, call.world)
    query = dict(parse_qsl(call.request.query))
    if "usernames" in query:
        names = query["usernames"].split(",")
        people = [person for person in call.world.users if person.username in names]
        return _success([dynamic(people)] if people else [])
    owner = call.world.user_by_name.get(query["username"]) if "username" in query else user
    if owner is None:
        return _success([])
    kinds = _sorted(_visible(call, owner, user), query.get("sortCreatedAt"))
    if "eventSlug" in query and "username" in query:
        kinds = [kind for kind in kinds if kind.slug == query["eventSlug"]]
    return _success([individual(kind, owner, alone=False) for kind in kinds])


def one(call: Call) -> Any:
    """One's own event type or one of one's team; others do not exist for the caller."""
    user = permitted_user(call.request, call.world)
    text = call.params["id"]
    if not (text.isascii() and text.lstrip("-").isdigit()):
        raise internal()
    kind = call.state.event_type(int(text))
    if kind is not None and kind.owner == user.id:
        return _success(individual(kind, user, alone=True))
    if kind is not None and kind.owner is None and call.world.is_member(user.id, kind.team):
        return _success(of_team(kind, call.world))
    raise not_found(f"Event type with id {text} not found")


def legacy_listed(call: Call) -> Any:
    """The list as versions before 2024-06-14 answer it: another shape altogether."""
    user = required_user(call.request, call.world)
    kinds = [
        {"id": kind.id, "title": kind.title, "slug": kind.slug, "length": kind.length}
        for kind in call.state.event_types()
        if kind.owner == user.id
    ]
    profile = {"slug": user.username, "name": user.name, "image": None}
    group = {"teamId": None, "profile": profile, "eventTypes": kinds}
    return _success({"eventTypeGroups": [group], "profiles": [profile]})


def me(call: Call) -> Any:
    """https://cal.com/docs/api-reference/v2/me/get-my-profile"""
    user = required_user(call.request, call.world)
    data = {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "avatarUrl": None,
        "bio": None,
        "timeFormat": 24,
        "defaultScheduleId": user.id,
        "weekStart": "Monday",
        "timeZone": user.time_zone,
        "username": user.username,
        "organizationId": None,
    }
    return _success(data)


def _visible(call: Call, owner: User, viewer: User | None) -> Iterable[EventType]:
    return (
        kind
        for kind in call.state.event_types()
        if kind.owner == owner.id and (viewer == owner or not kind.hidden)
    )


def _sorted(kinds: Iterable[EventType], order: str | None) -> list[EventType]:
    """Event types are numbered as they were created; unsorted, their order means nothing."""
    if order in {"asc", "desc"}:
        return sorted(kinds, key=lambda kind: kind.id, reverse=order == "desc")
    return list(kinds)


def _success(data: Any) -> dict[str, Any]:
    return {"status": "success", "data": data}
