"""Search the log with terms."""

from dashboard.audit import search, terms
from dashboard.audit.forms import people
from dashboard.audit.named_people import Context
from tests.audit.recorded import after

LATER = after(3600)


def found(text: str, viewer: int | None = None) -> list[tuple[str, str]]:
    """Return action and actor of each action that is found, newest first, without the fixtures."""
    context = Context(people(), viewer, LATER)
    lines = search.page(terms.conditions(text, context), now=LATER).lines
    return [(line.action, line.actor.who) for line in lines if line.action != "person_added"]
