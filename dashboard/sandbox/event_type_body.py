"""Event types as version 2024-06-14 writes them, key by key.

https://cal.com/docs/api-reference/v2/event-types/get-an-event-type
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dashboard.sandbox.fixtures import EventType, User, World

_SITE = "http://127.0.0.1:3000"
_DISABLED = {"disabled": True}
_DYNAMIC_LENGTHS = (15, 30, 45, 60, 90)


def individual(event_type: EventType, owner: User, *, alone: bool) -> dict[str, Any]:
    """One person's event type; asked for ``alone`` by its id, it shows one more booking field."""
    body = {"id": event_type.id, "ownerId": owner.id} | _head(event_type)
    body |= {"bookingFields": _booking_fields(with_title=alone)} | _timing(event_type.options)
    body |= {"users": [_user(owner)]} | _middle()
    body |= {"seats": _seats(event_type)} | _privacy()
    return body | _tail(f"{_SITE}/{owner.username}/{event_type.slug}", hidden=event_type.hidden)


def of_team(event_type: EventType, world: World) -> dict[str, Any]:
    """A team's event type, for a member who asked for its id."""
    body = {"id": event_type.id} | _head(event_type)
    body |= {"bookingFields": _team_booking_fields()} | _timing(event_type.options) | _middle()
    body |= {"seats": _seats(event_type)} | _privacy() | _tail("", hidden=event_type.hidden)
    return body | {
        "hosts": [_host(world.user_by_id[host]) for host in event_type.hosts],
        "teamId": event_type.team,
        "ownerId": None,
        "parentEventTypeId": None,
        "schedulingType": event_type.scheduling,
        "assignAllTeamMembers": False,
        "team": {"id": event_type.team},
        "rescheduleWithSameRoundRobinHost": False,
        "rrHostSubsetEnabled": False,
    }


def dynamic(users: Iterable[User]) -> dict[str, Any]:
    """What is offered for a list of usernames; it has no id and cannot be held."""
    people = list(users)
    body: dict[str, Any] = {"id": 0, "ownerId": 0, "lengthInMinutes": 30}
    body |= {"lengthInMinutesOptions": list(_DYNAMIC_LENGTHS), "title": "Group Meeting"}
    body |= {"slug": "dynamic", "description": "Join us for a meeting with multiple people"}
    body |= {"locations": [{"type": "integration", "integration": "cal-meet"}], "bookingFields": []}
    body |= _timing(_DYNAMIC_LENGTHS)
    body |= {"disableGuests": True, "minimumBookingNotice": 120, "successRedirectUrl": ""}
    body |= {"users": [_user(person) for person in people]} | _middle()
    body |= {"seats": _DISABLED, "customName": "Group Meeting"} | _privacy()
    body |= {"calVideoSettings": {"sendTranscriptionEmails": False}}
    names = "+".join(person.username for person in people)
    return body | _tail(f"{_SITE}/{names}/dynamic", hidden=False)


def _head(event_type: EventType) -> dict[str, Any]:
    lengths: dict[str, Any] = {"lengthInMinutes": event_type.length}
    if event_type.options:
        lengths["lengthInMinutesOptions"] = list(event_type.options)
    return lengths | {
        "title": event_type.title,
        "slug": event_type.slug,
        "description": "",
        "locations": [],
    }


def _timing(options: tuple[int, ...]) -> dict[str, Any]:
    return {
        "recurrence": None,
        "disableGuests": False,
        "slotInterval": None,
        "minimumBookingNotice": 0,
        "beforeEventBuffer": 0,
        "afterEventBuffer": 0,
        "metadata": {"multipleDuration": list(options)} if options else {},
        "price": 0,
        "currency": "usd",
        "lockTimeZoneToggleOnBookingPage": False,
        "forwardParamsSuccessRedirect": True,
        "successRedirectUrl": None,
        "isInstantEvent": False,
    }


def _middle() -> dict[str, Any]:
    return {
        "scheduleId": None,
        "onlyShowFirstAvailableSlot": False,
        "offsetStart": 0,
        "bookingWindow": _DISABLED,
        "confirmationPolicy": _DISABLED,
        "requiresBookerEmailVerification": False,
        "hideCalendarNotes": False,
    }


def _seats(event_type: EventType) -> dict[str, Any]:
    if event_type.seats is None:
        return _DISABLED
    return {
        "disabled": False,
        "seatsPerTimeSlot": event_type.seats,
        "showAttendeeInfo": True,
        "showAvailabilityCount": event_type.show_availability_count,
    }


def _privacy() -> dict[str, Any]:
    return {
        "useDestinationCalendarEmail": False,
        "hideCalendarEventDetails": False,
        "hideOrganizerEmail": False,
        "calVideoSettings": {"sendTranscriptionEmails": True},
    }


def _tail(booking_url: str, *, hidden: bool) -> dict[str, Any]:
    return {
        "hidden": hidden,
        "bookingRequiresAuthentication": False,
        "bookerActiveBookingsLimit": _DISABLED,
        "bookingUrl": booking_url,
        "disableCancelling": {"disabled": False},
        "disableRescheduling": {"disabled": False},
        "interfaceLanguage": None,
        "allowReschedulingPastBookings": False,
        "allowReschedulingCancelledBookings": False,
        "showOptimizedSlots": False,
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "avatarUrl": None,
        "brandColor": None,
        "darkBrandColor": None,
        "weekStart": "Monday",
        "metadata": {},
    }


def _host(user: User) -> dict[str, Any]:
    return {
        "mandatory": False,
        "priority": "medium",
        "userId": user.id,
        "name": user.name,
        "username": user.username,
        "avatarUrl": None,
    }


def _booking_fields(*, with_title: bool) -> list[dict[str, Any]]:
    name = _field("name", "name", required=True, hidden=None)
    labelled = {key: name[key] for key in ("isDefault", "type", "slug", "required")}
    labelled |= {"label": "your_name", "disableOnPrefill": False}
    return [labelled, *_other_fields(with_title=with_title, with_phone=False)]


def _team_booking_fields() -> list[dict[str, Any]]:
    name = _field("name", "name", required=True, hidden=None)
    return [name, *_other_fields(with_title=True, with_phone=True)]


def _other_fields(*, with_title: bool, with_phone: bool) -> list[dict[str, Any]]:
    fields = [_field("email", "email", required=True)]
    if with_phone:
        fields.append(_field("phone", "attendeePhoneNumber", hidden=True))
    location = _field("radioInput", "location")
    del location["disableOnPrefill"]
    fields.append(location)
    if with_title:
        fields.append(_field("text", "title", required=True, hidden=True))
    fields += [_field("textarea", "notes"), _field("multiemail", "guests")]
    return [*fields, _field("textarea", "rescheduleReason")]


def _field(
    kind: str, slug: str, *, required: bool = False, hidden: bool | None = False
) -> dict[str, Any]:
    field: dict[str, Any] = {"isDefault": True, "type": kind, "slug": slug, "required": required}
    field["disableOnPrefill"] = False
    return field if hidden is None else field | {"hidden": hidden}
