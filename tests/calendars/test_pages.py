"""The Admins' pages: list, form to add, form to change, order, removal; each audited."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calendars import changes
from dashboard.calendars.models import Calendar
from dashboard.sandbox import Sandbox
from tests.accounts.cast import expire, send, sign_in
from tests.calendars.entries import MEDICAL, entered
from tests.pages.desk import desk, markup

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def labels() -> list[str]:
    return list(Calendar.objects.values_list("label", flat=True))


def change(admin: User, calendar: Calendar, **more: Any) -> HttpResponse:
    """Send the form of a calendar's page."""
    usual = {"label": calendar.label, "colour": "blue", "position": calendar.position}
    return desk(admin).post(f"/calendars/{calendar.pk}/", usual | more)


def last_change() -> tuple[Any, Any]:
    entry = AuditEntry.objects.newest_first()[0]
    assert entry.action == "calendar_changed"
    return entry.before, entry.after


def test_added_calendar_is_in_the_list(calcom: Sandbox, admin: User) -> None:
    browser = desk(admin)
    form = {"typed": "zofia.wisniewska", "team_id": "", "label": "", "colour": "teal"}
    answer = browser.post("/calendars/", form)
    assert (answer.status_code, answer["Location"]) == (303, "/calendars/")
    page = markup(browser.get("/calendars/"))
    assert "Added: Dr Zofia Wiśniewska." in page
    assert 'class="calendar hue-teal"' in page
    assert "3 event types" in page
    assert f'<option value="{MEDICAL}">Medical team</option>' in page


@pytest.mark.parametrize("form", [{"typed": "ines.kessler"}, {}, {"typed": "owner", "team_id": 10}])
def test_refused_calendar_is_said_beside_the_field(
    calcom: Sandbox, admin: User, form: dict[str, Any]
) -> None:
    answer = desk(admin).post("/calendars/", {"colour": "pink", "label": "Inès"} | form)
    page = markup(answer)
    assert answer.status_code == 422
    assert 'href="#id_typed"' in page
    assert 'action="/calendars/"' in page  # at a part of the page, the message loses the focus
    assert 'value="Inès"' in page
    assert f'value="{form.get("typed", "")}"' in page
    assert '<option value="pink" selected>' in page
    assert Calendar.objects.count() == 0


def test_silence_of_cal_com_is_said_beside_the_field(calcom: Sandbox, admin: User) -> None:
    calcom.faults.add("500", method="GET", count=None)
    answer = desk(admin).post("/calendars/", {"typed": "anna.rossi", "colour": "pink"})
    page = markup(answer)
    assert answer.status_code == 503
    assert 'href="#id_typed"' in page
    assert 'value="anna.rossi"' in page
    assert Calendar.objects.count() == 0


def test_team_is_a_number_where_cal_com_tells_no_teams(calcom: Sandbox, admin: User) -> None:
    calcom.has_teams = False
    page = markup(desk(admin).get("/calendars/"))
    assert "By its number: cal.com does not tell the teams of this key." in page
    assert '<input type="number" name="team_id"' in page


def test_change_is_recorded_before_and_after(calcom: Sandbox, admin: User, staff: User) -> None:
    calendar = entered("anna.rossi")
    more = {"label": "Dr A", "colour": "pink", "is_paused": "on", "people": [staff.pk]}
    assert change(admin, calendar, **more).status_code == 303
    assert last_change() == (
        {"label": "anna.rossi", "colour": "blue", "is_paused": False, "people": []},
        {"label": "Dr A", "colour": "pink", "is_paused": True, "people": ["staff"]},
    )
    page = markup(desk(admin).get("/calendars/"))
    assert "paused" in page
    assert 'Limited to it:<bdi translate="no">staff</bdi>' in page
    person = markup(desk(admin).get(f"/admin/dashboard/user/{staff.pk}/change/"))
    assert "May hold only for:" in person
    assert "Dr A" in person
    assert "changed a calendar" in markup(desk(admin).get("/audit/"))


def test_change_without_a_difference_is_not_recorded(calcom: Sandbox, admin: User) -> None:
    calendar = entered("anna.rossi")
    before = AuditEntry.objects.count()
    assert change(admin, calendar).status_code == 303
    assert AuditEntry.objects.count() == before


def test_form_that_is_out_of_date_saves_only_what_was_edited(
    calcom: Sandbox, admin: User, staff: User
) -> None:
    calendar = entered("anna.rossi")
    page = desk(admin).get(f"/calendars/{calendar.pk}/").content.decode()
    assert "data-saved" in page  # text that no person has typed here
    shown = dict(re.findall(r'name="(initial-\w+)" value="([^"]*)"', page))
    late = {"calendar": calendar.pk, "is_paused": True, "colour": "teal", "people": [staff]}
    changes.change(by=None, now=timezone.now(), **late)
    assert change(admin, calendar, **shown, label="Dr A").status_code == 303
    assert last_change() == ({"label": "anna.rossi"}, {"label": "Dr A"})
    calendar.refresh_from_db()
    assert (calendar.label, calendar.is_paused, calendar.colour) == ("Dr A", True, "teal")
    assert [*calendar.limited_people.all()] == [staff]


def test_form_of_a_script_saves_all(calcom: Sandbox, admin: User, staff: User) -> None:
    # It does not send what a page showed, and what it leaves out is not ticked.
    calendar = entered("anna.rossi")
    late = {"calendar": calendar.pk, "is_paused": True, "people": [staff]}
    changes.change(by=None, now=timezone.now(), **late)
    assert change(admin, calendar).status_code == 303
    calendar.refresh_from_db()
    assert not calendar.is_paused
    assert not calendar.limited_people.exists()


@pytest.mark.parametrize(
    "wrong", [{"label": ""}, {"position": "0"}, {"colour": "loud"}, {"people": "9" * 30}]
)
def test_wrong_change_keeps_what_was_typed(
    calcom: Sandbox, admin: User, wrong: dict[str, Any]
) -> None:
    calendar = entered("anna.rossi")
    answer = change(admin, calendar, is_hidden="on", **wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert ("checked" in page, "data-saved" in page) == (True, False)
    assert not Calendar.objects.get().is_hidden


def test_first_and_last_calendar_keep_the_place_of_both_buttons(
    calcom: Sandbox, admin: User
) -> None:
    for name in ("anna.rossi", "jose.garcia", "tom.brown"):
        entered(name)
    page = desk(admin).get("/calendars/").content.decode()
    buttons = re.findall(r'name="position"\s+value="(\d)"\s*(disabled)?', page)
    off, on = "disabled", ""
    assert buttons == [("0", off), ("2", on), ("1", on), ("3", on), ("2", on), ("4", off)]


@pytest.mark.parametrize(
    ("moved", "position", "order"),
    [
        ("anna.rossi", 2, ["jose.garcia", "anna.rossi", "tom.brown"]),
        ("tom.brown", 1, ["tom.brown", "anna.rossi", "jose.garcia"]),
        ("anna.rossi", 99, ["jose.garcia", "tom.brown", "anna.rossi"]),
        ("jose.garcia", 2, ["anna.rossi", "jose.garcia", "tom.brown"]),
    ],
)
def test_calendars_are_put_in_order(
    calcom: Sandbox, admin: User, moved: str, position: int, order: list[str]
) -> None:
    by_label = {name: entered(name) for name in ("anna.rossi", "jose.garcia", "tom.brown")}
    address = f"/calendars/{by_label[moved].pk}/position"
    answer = desk(admin).post(address, {"position": position})
    assert answer["Location"] == f"/calendars/#calendar-{by_label[moved].pk}"
    assert labels() == order
    assert list(Calendar.objects.values_list("position", flat=True)) == [1, 2, 3]
    assert desk(admin).post(address, {"position": "x"}).status_code == 400


def test_calendar_is_removed_unless_people_are_limited_to_it(
    calcom: Sandbox, admin: User, staff: User
) -> None:
    calendar = entered("anna.rossi", people=(staff,))
    browser = desk(admin)
    answer = browser.post(f"/calendars/{calendar.pk}/remove")
    assert answer["Location"] == f"/calendars/{calendar.pk}/"
    assert (
        "People are limited to this calendar." in browser.get(answer["Location"]).content.decode()
    )
    calendar.limited_people.clear()
    assert browser.post(f"/calendars/{calendar.pk}/remove").status_code == 303
    assert labels() == []
    entry, refused = AuditEntry.objects.newest_first()[:2]
    assert (entry.action, entry.before["label"]) == ("calendar_removed", "anna.rossi")
    assert (refused.outcome, refused.error_code) == ("refused", "limits_people")


def test_typed_values_outlive_the_session(calcom: Sandbox, admin: User) -> None:
    calendar = entered("anna.rossi")
    page = f"/calendars/{calendar.pk}/"
    browser = Client()
    sign_in(browser, admin.username)
    browser.get(page)
    expire(browser)
    send(browser, page, label="Dr A", colour="pink", position="1", is_paused="on")
    sign_in(browser, admin.username, next=page)
    shown = markup(browser.get(page))
    assert 'value="Dr A"' in shown
    assert '<option value="pink" selected>' in shown
    assert 'name="is_paused" id="id_is_paused" checked' in shown
    assert Calendar.objects.get().label == "anna.rossi"


def test_only_admins_are_led_to_them(calcom: Sandbox, staff: User, admin: User) -> None:
    led = [b'href="/calendars/"' in desk(who).get("/").content for who in (staff, admin)]
    assert led == [False, True]


@pytest.mark.parametrize("path", ["", "position", "remove"])
def test_calendar_removed_by_another_admin_meanwhile(
    admin: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    calendar = changes.enter(
        kind="user", reference="ada", label="Ada", colour="blue", now=timezone.now()
    )
    removed = Calendar.objects.filter(pk=calendar.pk)
    monkeypatch.setattr(changes, "require_admin", lambda *_args, **_more: removed.delete())
    form = {"label": "Eve", "colour": "blue", "position": 1}
    answers = [desk(admin).post(f"/calendars/{calendar.pk}/{path}", form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert AuditEntry.objects.newest_first()[0].action == "calendar_added"
