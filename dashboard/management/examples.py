"""Example holds of the demo, so that its first board and log show what they are for.

They are made by the verbs that people use, on the stand-in for cal.com. Each client is marked as an
example, and each entry of the log has the command beside the holder's name.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from dashboard.accounts.actors import Actor
from dashboard.accounts.models import User
from dashboard.audit import origin
from dashboard.calcom_state.free_times import Span, listing
from dashboard.holds import services
from dashboard.holds.new_holds import ClientDetails
from dashboard.holds.problems import HoldError
from dashboard.localization import local_times


@dataclass(frozen=True, slots=True)
class Example:
    """A hold, and what is done with it next: ``release`` has a reason, ``extend`` minutes."""

    holder: str
    event_type_id: int  # in practice.json, each of another person
    minutes: int
    client: str
    note: str = ""
    extend: int = 0
    release: str = ""


EXAMPLES = (
    Example("admin", 1032, 15, "Pilar Ortega", release="client_rang_off"),
    Example("staff", 1091, 15, "Jonas Weber", release="booked"),
    Example("staff", 1110, 20, "Hanna Lindqvist", "asks her coach, rings back"),
    Example("admin", 1070, 35, "Tomasz Lis", "knee, needs the lift"),
    Example("staff", 1010, 30, "Nora Berg", "first visit, brings her letter", extend=15),
    Example("admin", 1100, 60, "Emeka Obi"),
    Example("staff", 1052, 90, "Ruth Cohen", "waits for her insurance"),
)


def place_examples() -> None:
    """Place the examples; skip what the stand-in refuses, so that the demo starts anyway."""
    for example in EXAMPLES:
        try:
            place(example)
        except HoldError:  # the log has why
            continue


def place(example: Example) -> None:
    """Hold the first free time from tomorrow on. Raises HoldError."""
    now = timezone.now()
    user = User.objects.get(username=example.holder)
    by = Actor(user=user, address="", user_agent=origin.command, request_id="")
    tomorrow = local_times.local_date(now) + timedelta(days=1)
    free = listing(Span(example.event_type_id, tomorrow, days=7), now=now).listed.entries
    if not free:
        return
    contact = f"{example.client.split()[0].lower()}@example.org"
    hold = services.place(
        by=by,
        event_type_id=example.event_type_id,
        slot_start=free[0].start,
        reservation_duration=example.minutes,
        client=ClientDetails(f"{example.client} (example)", contact, example.note),
        now=now,
    )
    if example.extend:
        services.extend(hold_id=hold.pk, by=by, add=example.extend, now=timezone.now())
    if example.release:
        services.release(hold_id=hold.pk, by=by, reason=example.release, now=timezone.now())
