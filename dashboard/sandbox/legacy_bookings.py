"""GET /v2/bookings as versions before 2024-08-13 answer it.

An unknown version, also the hosted service's newest, falls back to this one, so a client may meet
it by mistake. Attendees are made up: the stand-in knows only how many there are.
"""

from __future__ import annotations

from typing import Any

from dashboard.sandbox import iso
from dashboard.sandbox.call import Call
from dashboard.sandbox.fixtures import Booking, EventType, User
from dashboard.sandbox.identity import permitted_user


def listed(call: Call) -> Any:
    """All of the caller's bookings on event types of their own."""
    user = permitted_user(call.request, call.world)
    mine = {kind.id: kind for kind in call.state.event_types() if kind.owner == user.id}
    ours = [booking for booking in call.state.bookings() if booking.event_type in mine]
    bookings = []
    first = 1
    for number, booking in enumerate(ours, 1):
        people = range(first, first + booking.attendees)
        kind = mine[booking.event_type]
        shown = {"id": number, "createdAt": iso.text(call.now())}
        bookings.append(_booking(shown, booking, kind, user, people))
        first += booking.attendees
    data = {"bookings": bookings, "recurringInfo": [], "totalCount": len(ours), "nextCursor": None}
    return {"status": "success", "data": data}


def _booking(
    shown: dict[str, Any], booking: Booking, kind: EventType, user: User, people: range
) -> dict[str, Any]:
    body: dict[str, Any] = {"id": shown["id"], "title": kind.title}
    body |= dict.fromkeys(("userPrimaryEmail", "description", "customInputs"))
    body |= {"startTime": iso.text(booking.start), "createdAt": shown["createdAt"]}
    body |= {"updatedAt": None, "endTime": iso.text(booking.end), "metadata": None}
    body |= {"uid": booking.uid, "responses": None} | dict.fromkeys(
        ("recurringEventId", "location")
    )
    body |= {"status": booking.status.upper(), "paid": False}
    body |= dict.fromkeys(("fromReschedule", "rescheduled", "rescheduledBy", "cancelledBy"))
    body |= {"isRecorded": False, "cancellationReason": None, "rejectionReason": None}
    body |= {"eventType": _event_type(kind), "references": [], "payment": []}
    body |= {"user": _user(user)}
    body |= {"attendees": [_attendee(person, shown["id"], user) for person in people]}
    body |= {"seatsReferences": [_seat(person) for person in people if kind.seats]}
    return body | {"assignmentReasonSortedByCreatedAt": [], "report": None, "rescheduler": None}


def _attendee(number: int, booking: int, user: User) -> dict[str, Any]:
    email = _email(number)
    body: dict[str, Any] = {"id": number, "email": email, "name": f"Attendee {number}"}
    body |= {"timeZone": user.time_zone, "bookingId": booking, "locale": "en"}
    body |= {"phoneNumber": None, "noShow": False}
    return body | {"user": {"name": None, "email": email, "avatarUrl": None, "username": None}}


def _seat(number: int) -> dict[str, Any]:
    return {"referenceUid": f"ref-{number}", "attendee": {"email": _email(number)}}


def _email(number: int) -> str:
    return f"attendee{number}@example.test"


def _user(user: User) -> dict[str, Any]:
    body: dict[str, Any] = {"id": user.id, "name": user.name, "email": user.email}
    return body | {"avatarUrl": None, "username": user.username, "timeZone": user.time_zone}


def _event_type(kind: EventType) -> dict[str, Any]:
    body: dict[str, Any] = {
        "slug": kind.slug,
        "id": kind.id,
        "title": kind.title,
        "eventName": None,
    }
    body |= {"price": 0, "recurringEvent": None, "currency": "usd"}
    body |= {"metadata": {"multipleDuration": list(kind.options)} if kind.options else {}}
    body |= {"disableGuests": False, "bookingFields": _fields(), "seatsPerTimeSlot": kind.seats}
    body |= {"seatsShowAttendees": kind.seats is not None}
    body |= {"seatsShowAvailabilityCount": kind.show_availability_count}
    body |= {"eventTypeColor": None, "customReplyToEmail": None}
    body |= dict.fromkeys(("allowReschedulingPastBookings", "hideOrganizerEmail"), False)
    body |= dict.fromkeys(("disableCancelling", "disableRescheduling"), False)
    body |= dict.fromkeys(("minimumRescheduleNotice", "teamId", "parentId", "schedulingType"))
    return body | {"hosts": [], "length": kind.length, "team": None, "hostGroups": []}


def _fields() -> list[dict[str, Any]]:
    text = {"type": "text", "label": "", "placeholder": ""}
    full = {"name": "fullName", "type": "text", "label": "your_name", "required": True}
    first, last = ({"name": name} | text for name in ("firstName", "lastName"))
    variants = {
        "fullName": {"fields": [full]},
        "firstAndLastName": {
            "fields": [_required(first, required=True), _required(last, required=False)]
        },
    }
    phone, other, person = (
        {"type": kind, "required": True, "placeholder": ""} for kind in ("phone", "text", "address")
    )
    inputs = {"phone": phone, "somewhereElse": other, "attendeeInPerson": person}
    default = {"sources": [{"id": "default", "type": "default", "label": "Default"}]}
    optional = {"editable": "system-but-optional"}
    return [
        {"name": "name", "type": "name"}
        | default
        | {"variant": "fullName", "editable": "system", "required": True}
        | {"defaultLabel": "your_name", "variantsConfig": {"variants": variants}},
        {"name": "email", "type": "email"}
        | default
        | optional
        | {"required": True, "defaultLabel": "email_address"},
        {"name": "location", "type": "radioInput"}
        | default
        | {"editable": "system", "required": False, "defaultLabel": "location"}
        | {"getOptionsAt": "locations", "optionsInputs": inputs, "hideWhenJustOneOption": True},
        {"name": "title", "type": "text", "hidden": True}
        | default
        | optional
        | {
            "required": True,
            "defaultLabel": "what_is_this_meeting_about",
            "defaultPlaceholder": "",
        },
        {"name": "notes", "type": "textarea"}
        | default
        | optional
        | {"required": False, "defaultLabel": "additional_notes"}
        | {"defaultPlaceholder": "share_additional_notes"},
        {"name": "guests", "type": "multiemail", "hidden": False}
        | default
        | optional
        | {"required": False, "defaultLabel": "additional_guests", "defaultPlaceholder": "email"},
        {"name": "rescheduleReason", "type": "textarea"}
        | {"views": [{"id": "reschedule", "label": "Reschedule View"}]}
        | default
        | optional
        | {"required": False, "defaultLabel": "reason_for_reschedule"}
        | {"defaultPlaceholder": "reschedule_placeholder"},
    ]


def _required(field: dict[str, Any], *, required: bool) -> dict[str, Any]:
    ordered = {key: field[key] for key in ("name", "type", "label")}
    return ordered | {"required": required, "placeholder": field["placeholder"]}
