"""Story of a hold, told from what the verbs record."""

from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import search
from dashboard.calcom_state.event_types import event_type, title_of
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.verbs import CONSULT, LATER, ROUND_ROBIN


def test_move_tells_both_event_types(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    verbs.move(staff, hold, LATER, event_type_id=ROUND_ROBIN)
    line = search.story(hold.pk, now=timezone.now(), viewer=staff.pk).lines[0]
    consult, round_robin = (title_of(event_type(number)) for number in (CONSULT, ROUND_ROBIN))
    assert line.clauses[0] == f"{consult} · Owner → {round_robin} · Owner, Mate"
    assert line.did_it == "moved it"


def test_take_over_between_people_of_the_same_name_tells_both(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    User.objects.update(first_name="Anna", last_name="Berg")
    hold = verbs.place(User.objects.get(pk=staff.pk))
    verbs.take_over(User.objects.get(pk=admin.pk), hold)
    line = search.story(hold.pk, now=timezone.now()).lines[0]
    assert (line.actor.who, line.clauses[0]) == (
        "Anna Berg (admin)",
        "Anna Berg (staff) → Anna Berg (admin)",
    )
