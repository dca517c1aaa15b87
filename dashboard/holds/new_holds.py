"""Make the rows of new holds: for a client, or to stand in for another."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from dashboard.accounts.models import User
from dashboard.calcom import EventType
from dashboard.calcom_state import event_types
from dashboard.holds.models import Hold
from dashboard.holds.slots import SlotHold


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """The columns of a hold about its client. They stay here: cal.com has no field for them."""

    client_name: str = ""
    client_contact: str = ""
    note: str = ""


NO_CLIENT = ClientDetails()


def new_hold(
    holder: User, slot: SlotHold, event_type: EventType | None, minutes: int, client: ClientDetails
) -> Hold:
    """Return a hold that is about to be asked for, not saved yet."""
    return Hold(
        holder=holder,
        **asdict(client),
        event_type_id=slot.event_type_id,
        slot_start=slot.slot_start,
        slot_end=known_end(slot.slot_start, slot.slot_duration, event_type),
        slot_duration=slot.slot_duration,
        reservation_duration=minutes,
        **event_types.columns_of(event_type),
    )


def stand_in_for(hold: Hold, slot: SlotHold, event_type: EventType | None, minutes: int) -> Hold:
    """Return a second row, for the reservation that takes the place of the hold's own."""
    client = ClientDetails(hold.client_name, hold.client_contact, hold.note)
    stand_in = new_hold(hold.holder, slot, event_type, minutes, client)
    stand_in.stands_in_for = hold
    return stand_in


def known_end(
    start: datetime, slot_duration: int | None, event_type: EventType | None
) -> datetime | None:
    """Return the end of a slot to be asked for; None before cal.com tells its length."""
    length = event_types.length_of(event_type, slot_duration)
    return start + timedelta(minutes=length) if length else None
