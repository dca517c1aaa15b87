"""Change the client of a hold: who may, what is kept, and what the log says of it."""

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import former_clients, search
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from dashboard.localization.marking import name as named
from dashboard.sandbox import Sandbox
from tests.audit.searching import found
from tests.holds import verbs
from tests.holds.observe import at_cal_com, audit_of
from tests.holds.offers import HEADERS, offered
from tests.holds.verbs import MONDAY
from tests.pages.desk import desk, page_of

NEW = {"client_name": "Edith Clarke", "client_contact": "+1 202 555", "note": "called at nine"}


def send(user: User, hold: Hold, *, headers: Any = None, **form: Any) -> HttpResponse:
    return desk(user).post(f"/holds/{hold.pk}/client", NEW | form, headers=headers)


@HEADERS
def test_new_details_are_kept_and_found_without_a_call(
    calcom: Sandbox, staff: User, headers: Any
) -> None:
    hold = verbs.place(staff)
    before = at_cal_com(calcom)
    calcom.forget_calls()

    answer = send(staff, hold, version=hold.version, headers=headers)

    assert page_of(answer) == f"/holds/{hold.pk}/"
    changed = Hold.objects.get(pk=hold.pk)
    assert {name: getattr(changed, name) for name in NEW} == NEW
    assert (changed.held_until, changed.version) == (hold.held_until, hold.version + 1)
    assert (at_cal_com(calcom), calcom.calls()) == (before, [])
    assert found("edith") == [("client_changed", "staff"), ("place", "staff")]
    assert found("grace") == found("edith")  # a client cannot be hidden by another name


def test_log_names_the_fields_and_nothing_of_the_client(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    send(staff, hold)
    entry = AuditEntry.objects.get(action="client_changed")
    assert (entry.outcome, entry.asked) == ("ok", {"fields": ["client_name", "client_contact"]})
    assert entry.before == hold.snapshot()
    line = search.story(hold.pk, now=entry.at, viewer=staff.pk).lines[0]
    assert "fields: client, contact" in str(line.sentence)
    send(staff, hold)  # the same again is no change
    assert AuditEntry.objects.filter(action="client_changed").count() == 1


def test_log_names_the_client_of_then(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    send(staff, hold)
    send(staff, hold, client_contact="")  # the name stays
    send(staff, hold, client_name="Ada King", client_contact="")
    verbs.release(staff, Hold.objects.get(pk=hold.pk))
    lines = search.story(hold.pk, now=timezone.now()).lines
    assert [(line.action, line.client) for line in lines] == [
        ("release", "Ada King"),
        ("client_changed", "Edith Clarke"),
        ("client_changed", "Edith Clarke"),
        ("client_changed", hold.client_name),
        ("place", hold.client_name),
    ]
    assert ["→" in line.details_text for line in lines] == [False, True, False, True, False]
    assert f"{named('Edith Clarke')} → {named('Ada King')}" in lines[1].sentence
    # The story of a client is that of the present one.
    assert [f"find=client:{hold.pk}" in line.row for line in lines] == [True, *[False] * 4]


def test_only_the_change_of_a_name_tells_both_names(calcom: Sandbox, staff: User) -> None:
    """Not one before it that filled a gap or changed the note."""
    hold = verbs.place(staff)
    Hold.objects.update(client_name="", client_contact="")
    details = {"client_name": "", "client_contact": "", "note": ""}
    for change in (
        {"note": "calls back"},
        {"client_name": "Ada <King>"},
        {"client_contact": "0171"},
        {"note": "calls at ten"},
        {"client_name": "Edith Clarke"},
    ):
        details |= change
        send(staff, hold, **details)
    lines = search.story(hold.pk, now=timezone.now()).lines
    told = [line.details_text for line in reversed(lines)]
    assert told == [
        told[0],
        ", fields: note",
        ", fields: client",
        ", fields: contact",
        ", fields: note",
        f", fields: client; {named('Ada <King>')} → {named('Edith Clarke')}",
    ]


def test_hold_that_had_no_name_is_told_with_its_first_one(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    Hold.objects.update(client_name="", client_contact="")
    send(staff, hold)
    assert Hold.objects.get(pk=hold.pk).former_clients == ""
    assert {line.client for line in search.story(hold.pk, now=timezone.now()).lines} == {
        "Edith Clarke"
    }


def test_refused_to_colleagues_and_for_another_version_and_an_ended_hold(
    calcom: Sandbox, staff: User, colleague: User, admin: User
) -> None:
    hold = verbs.place(staff)
    assert "hold-client" not in desk(colleague).get(f"/holds/{hold.pk}/").content.decode()
    assert send(colleague, hold).status_code == 403
    late = send(staff, hold, version=hold.version - 1)
    assert late.status_code == 409
    assert '<details id="client" open>' in late.content.decode()
    assert late.context["client_form"]["client_name"].value() == "Edith Clarke"
    assert send(staff, hold, client_name="x" * 201).status_code == 422
    assert send(admin, hold, note="by an Admin").status_code == 303
    verbs.release(staff, hold)
    too_late = send(staff, hold, note="typed too late")
    assert too_late.status_code == 409
    assert "typed too late" in too_late.content.decode()
    assert Hold.objects.get(pk=hold.pk).note == "by an Admin"
    assert [row[-1] for row in audit_of(hold) if row[1] == "client_changed"] == [
        "refused",
        "refused",
        "ok",
        "refused",
    ]


def test_second_of_two_clicks_is_no_refusal(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    for _click in range(2):
        assert send(staff, hold, version=hold.version).status_code == 303
    assert AuditEntry.objects.filter(action="client_changed").count() == 1


def test_other_times_of_the_offer_are_for_the_same_client(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    offer, (first, second, third, fourth) = offered(staff, 4)
    verbs.release(staff, first)
    verbs.take_over(admin, fourth)
    send(staff, third, note="calls back")
    rows = Hold.objects.order_by("pk").values_list("client_name", "client_contact", "note")
    name, contact = NEW["client_name"], NEW["client_contact"]
    assert list(rows) == [
        (first.client_name, first.client_contact, first.note),
        (name, contact, second.note),
        (name, contact, "calls back"),
        (fourth.client_name, fourth.client_contact, fourth.note),  # not this person's to change
    ]
    logged = AuditEntry.objects.filter(action="client_changed").order_by("pk")
    of_client = ["client_name", "client_contact"]
    assert list(logged.values_list("hold", "asked")) == [
        (second.pk, {"fields": of_client}),
        (third.pk, {"fields": [*of_client, "note"]}),
    ]
    send(staff, third, note="calls back at ten")
    assert AuditEntry.objects.latest("pk").asked == {"fields": ["note"]}
    # The first has ended, with the client of then.
    added = verbs.place(staff, start=MONDAY + timedelta(days=1), offer=offer)
    assert (added.client_name, added.client_contact) == (name, contact)


@HEADERS
def test_former_clients_have_a_limit_and_none_is_lost(
    calcom: Sandbox, staff: User, monkeypatch: Any, headers: Any
) -> None:
    """A hold that is switched to and fro would make each line of the log read ever more."""
    monkeypatch.setattr(former_clients, "MOST", 3)
    _offer, (hold, other) = offered(staff, 2)
    for name in "abc":
        assert send(staff, hold, client_name=name).status_code == 303
    before = list(Hold.objects.order_by("pk").values())

    answer = send(staff, hold, client_name="d", headers=headers)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "can be changed 3 times at most" in page
    assert 'value="d"' in page
    assert list(Hold.objects.order_by("pk").values()) == before
    assert audit_of(hold)[-1] == ("event", "client_changed", "", "refused")
    for each in (hold, other):
        each.refresh_from_db()
        former = former_clients.read(each.former_clients)
        assert [client.name for client in former] == ["Grace", "a", "b"]
    assert send(staff, hold, client_name="c", note="it is d").status_code == 303
