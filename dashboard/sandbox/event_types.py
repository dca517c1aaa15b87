"""GET /v2/event-types, the list and one by its id, and GET /v2/teams with theirs.

https://cal.com/docs/api-reference/v2/event-types/get-all-event-types
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from dashboard.sandbox.backend import Backend
from dashboard.sandbox.errors import check_integer, database_error, nest_error
from dashboard.sandbox.fixtures import EventType, World
from dashboard.sandbox.routing import ApiCall

SITE = "http://127.0.0.1:3000"
# An event type with all its keys in cal.com's order.
TEMPLATE = json.loads(Path(__file__).with_name("event_type.json").read_text(encoding="utf-8"))
# Booking fields that some answers leave out.
PHONE, TITLE = "attendeePhoneNumber", "title"


def list_of_user(backend: Backend, call: ApiCall) -> Any:
    """Answer with a user's own event types; those of teams are never among them.

    Hidden ones are for their owner only. An unknown user has none.
    """
    sent = dict(parse_qsl(call.query, keep_blank_values=True))
    if sent.keys() - {"username"}:  # Holdfast asks for no other list
        raise nest_error(404, f"Cannot GET /v2/event-types?{call.query}")
    owner = call.user
    if "username" in sent:
        owner = next(
            (each for each in backend.world.users if each.username == sent["username"]), None
        )
    own = [each for each in backend.event_types.values() if owner and each.owner == owner.id]
    shown = [each for each in own if owner == call.user or not each.hidden]
    data = [of_user(each, backend.world, without_fields={PHONE, TITLE}) for each in shown]
    return {"status": "success", "data": data}


def list_teams(backend: Backend, call: ApiCall) -> Any:
    data = [
        {"id": team.id, "name": team.name, "slug": team.slug, "isOrganization": False}
        | {"timeZone": "Europe/London", "weekStart": "Sunday"}
        for team in backend.world.teams
        if call.user and call.user.id in team.members
    ]
    return {"status": "success", "data": data}


def list_of_team(backend: Backend, call: ApiCall) -> Any:
    """Answer with the event types of a team, to anyone."""
    if not call.argument.isdecimal():
        raise nest_error(400, "Validation failed (numeric string is expected)")
    types = backend.event_types.values()
    data = [of_team(each, backend.world) for each in types if each.team == int(call.argument)]
    return {"status": "success", "data": data}


def get(backend: Backend, call: ApiCall) -> Any:
    """Answer with an event type of the caller or of a team of theirs."""
    if not call.argument.removeprefix("-").isdecimal():
        raise database_error()
    check_integer(int(call.argument))
    found = backend.event_types.get(int(call.argument))
    if found and call.user and found.owner == call.user.id:
        data = of_user(found, backend.world, without_fields={PHONE})
        return {"status": "success", "data": data}
    if found and call.user and backend.world.is_member(call.user.id, found.team):
        return {"status": "success", "data": of_team(found, backend.world)}
    raise nest_error(404, f"Event type with id {call.argument} not found")


def of_user(event_type: EventType, world: World, *, without_fields: set[str]) -> dict[str, Any]:
    owner = world.user_by_id[event_type.owner or 0]
    user = {"id": owner.id, "name": owner.name, "username": owner.username, "avatarUrl": None}
    user |= {"brandColor": None, "darkBrandColor": None, "weekStart": "Monday", "metadata": {}}
    fields = [each for each in TEMPLATE["bookingFields"] if each["slug"] not in without_fields]
    url = f"{SITE}/{owner.username}/{event_type.slug}"
    own = {"ownerId": owner.id, "bookingFields": fields, "users": [user], "bookingUrl": url}
    return shared_fields(event_type) | own


def of_team(event_type: EventType, world: World) -> dict[str, Any]:
    body = shared_fields(event_type)
    del body["ownerId"], body["users"]
    name, *others = TEMPLATE["bookingFields"]
    users = [world.user_by_id[host] for host in event_type.hosts]
    turn = {"mandatory": False, "priority": "medium"} if event_type.is_round_robin else {}
    return body | {
        "bookingFields": [{key: name[key] for key in name if key != "label"}, *others],
        "hosts": [
            turn
            | {"userId": user.id, "name": user.name, "username": user.username, "avatarUrl": None}
            for user in users
        ],
        "teamId": event_type.team,
        "ownerId": None,
        "parentEventTypeId": None,
        "schedulingType": event_type.scheduling,
        "assignAllTeamMembers": False,
        "team": {"id": event_type.team},
        "rescheduleWithSameRoundRobinHost": False,
        "rrHostSubsetEnabled": False,
    }


def shared_fields(event_type: EventType) -> dict[str, Any]:
    """Return the template with what does not depend on the owner."""
    body: dict[str, Any] = TEMPLATE | {
        "id": event_type.id,
        "lengthInMinutes": event_type.length,
        "title": event_type.title,
        "slug": event_type.slug,
        "hidden": event_type.hidden,
    }
    if event_type.options:
        body["lengthInMinutesOptions"] = list(event_type.options)
        body["metadata"] = {"multipleDuration": list(event_type.options)}
    else:
        del body["lengthInMinutesOptions"]
    if event_type.seats is not None:
        body["seats"] = {
            "disabled": False,
            "seatsPerTimeSlot": event_type.seats,
            "showAttendeeInfo": True,
            "showAvailabilityCount": event_type.show_availability_count,
        }
    return body
