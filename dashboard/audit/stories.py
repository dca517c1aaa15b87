"""Heading of a search that tells one story: of a hold, a client, a person or a request."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from dashboard.audit import clients, former_clients, terms
from dashboard.audit.named_people import Context
from dashboard.audit.term_values import number
from dashboard.audit.trail import SYSTEM
from dashboard.localization import marking


@dataclass(frozen=True, slots=True)
class Heading:
    """Heading of a story; ``note`` says what it comprises."""

    title: str
    note: str
    hold_id: int | None = None  # of a hold, or of one of the client's


def told_by(text: str, context: Context) -> Heading | None:
    """Return the story that a valid search tells, None for a search of another kind."""
    found = list(terms.terms(text))
    if len(found) != 1 or found[0].minus:
        return None
    _minus, name, value = found[0]
    if name == "hold":
        return of_hold(number(value))
    if name == "client":
        return of_client(number(value))
    if name == "person":
        return of_person(value, context)
    if name == "request":
        note = _("Everything that was recorded under this request number.")
        return Heading(_("Request %(number)s") % {"number": value}, note)
    return None


def of_hold(pk: int) -> Heading | None:
    if (hold := clients.all_holds().filter(pk=pk).first()) is None:
        return None
    title = _("Hold %(number)s") % {"number": pk}
    note = _("Everything that was done to this hold, or tried.")
    former = former_clients.names_of(former_clients.read(hold.former_clients), hold.client_name)
    title = f"{title} · {hold.client_name}".removesuffix(" · ")
    return Heading(title, with_former(note, former), pk)


def of_client(pk: int) -> Heading:
    """Return the story of the client of a hold that exists."""
    hold = clients.all_holds().get(pk=pk)
    if hold.erased_at:
        note = _("The client was erased, so this is hold %(number)s alone.")
    elif not clients.has_contact(hold):
        note = _(
            "Known by name only: another client may have it too, so this is hold %(number)s alone."
        )
    else:
        note = _("Everything that was done to holds with this name and the contact %(contact)s.")
    values = {"number": pk, "contact": hold.client_contact}
    title = hold.client_name or _("Client of hold %(number)s") % values
    return Heading(title, note % values, pk)


def of_person(value: str, context: Context) -> Heading:
    if value.lower() == SYSTEM:
        return Heading(_("The system"), _("Everything that Holdfast did by itself."))
    people = context.people_called(value)
    keys = {person.pk for person in people}
    former = dict.fromkeys(each.name for each in context.former if each.pk in keys)
    note = _("What they did, and what was done to them or tried under the name without signing in.")
    return Heading(", ".join(person.name for person in people), with_former(note, former))


def with_former(note: str, names: Collection[str]) -> str:
    """Return a note with former names at its end, in HTML where there are any."""
    if not names:
        return note
    listed = format_html_join(", ", "{}", ((marking.name(each),) for each in names))
    return format_html("{} {}", note, marking.filled(_("Formerly: %(names)s."), names=listed))
