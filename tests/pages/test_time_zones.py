"""Show and read times in the zone of a person who is not in the office's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone, translation

from dashboard.accounts.models import Preferences, User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state import calcom_client
from dashboard.calcom_state.free_times import Span, question
from dashboard.calcom_state.models import StoredAnswer
from dashboard.holds import messages
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.future_dates import BACK, BACK_IN_AMERICA, day, named
from tests.holds.factories import put, tag
from tests.holds.verbs import CONSULT, LATER, MONDAY, VARIABLE, place
from tests.pages.desk import ask, desk

pytestmark = pytest.mark.slow  # details of a page: the fast lane has the contract

ROME = "Europe/Rome"  # the office's
NEW_YORK = "America/New_York"
AUCKLAND = "Pacific/Auckland"


def works_in(zone: str, user: User) -> Client:
    Preferences.objects.update_or_create(user=user, defaults={"time_zone": zone})
    return desk(user)


@pytest.fixture
def far_away(calcom: Sandbox, staff: User) -> Client:
    return works_in(NEW_YORK, staff)


def listed(first: date, days: int, *starts: str) -> StoredAnswer:
    """Store a fresh listing of cal.com for days of the office."""
    now = timezone.now()
    slots = [[datetime.fromisoformat(start).isoformat(), None, None, None] for start in starts]
    return StoredAnswer.objects.create(
        source=calcom_client.source_digest(),
        name=question(Span(CONSULT, first, days)).name,
        asked_at=now,
        answered_at=now + timedelta(seconds=1),
        value={"slots": slots, "unread": 0},
    )


def cells(browser: Client, address: str) -> list[str]:
    grid = browser.get(address).context["picker"].grid
    return [
        f"{date} {cell.text}"
        for date, column in zip(grid.dates, grid.days, strict=True)
        for _name, cells in column.parts
        for cell in cells
    ]


def test_clock_of_pages_has_its_offset_while_clocks_go_back(
    monkeypatch: pytest.MonkeyPatch, staff: User
) -> None:
    offsets = []
    for hour in range(3):
        now = datetime.combine(BACK, time(hour, 30), UTC)
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        page = desk(staff).get("/settings/").content.decode()
        offsets += re.findall('data-offset="(.*?)"', page)
    assert offsets == ["7200", "3600", "3600"]


def test_typed_time_is_in_the_persons_zone(far_away: Client) -> None:
    answer = ask(far_away, slot_start=f"{day(0)}T04:00")
    assert answer.status_code == 303
    assert Hold.objects.get().slot_start == MONDAY


def test_offset_overrides_the_persons_zone(far_away: Client) -> None:
    ask(far_away, slot_start=f"{day(0)}T10:00+01:00")
    assert Hold.objects.get().slot_start == MONDAY


@pytest.mark.parametrize("hours", [16, 20, -23.9])
def test_offset_that_no_place_has_is_a_moment(
    far_away: Client, staff: User, calcom: Sandbox, hours: float
) -> None:
    """PostgreSQL refuses offsets beyond 15:59."""

    def written(moment: datetime) -> str:
        return moment.astimezone(timezone.get_fixed_timezone(timedelta(hours=hours))).isoformat()

    ask(far_away, slot_start=written(MONDAY))
    hold = Hold.objects.get()
    assert hold.slot_start == MONDAY
    assert far_away.get("/holds/new", {"slot_start": written(MONDAY)}).status_code == 200
    moved = far_away.post(f"/holds/{hold.pk}/move", {"slot_start": written(LATER)})
    assert moved.status_code == 303
    assert Hold.objects.get().slot_start == LATER
    calcom.faults.add("drop", when="before", method="POST")
    ask(far_away, slot_start=written(MONDAY))
    assert Hold.objects.get(state="unconfirmed").slot_start == MONDAY
    assert far_away.get("/").status_code == 200


def test_length_counts_on_while_clocks_change(calcom: Sandbox, staff: User) -> None:
    calcom.faults.add("drop", when="before", method="POST")
    ask(desk(staff), event_type_id=VARIABLE, slot_start=f"{BACK}T01:30", slot_duration=180)
    hold = Hold.objects.get()  # with the end that Holdfast computed
    assert (hold.state, hold.slot_end) == ("unconfirmed", hold.slot_start + timedelta(minutes=180))


@pytest.mark.parametrize("page", ["/", "/holds/{pk}/", "/holds/{pk}/move"])
def test_each_viewer_sees_their_own_zone(
    far_away: Client, staff: User, colleague: User, page: str
) -> None:
    address = page.format(pk=place(staff).pk)
    home = works_in("", colleague)
    for browser, slot, zone in ((far_away, "04:00–05:00", NEW_YORK), (home, "10:00–11:00", ROME)):
        seen = browser.get(address).content.decode()
        assert re.findall(r"\d\d:00–\d\d:00", seen)[:1] == [slot]
        assert f"All times {zone}" in seen
    assert "the office is in Europe/Rome" in far_away.get(address).content.decode()
    assert "the office is in" not in home.get(address).content.decode()


def test_cached_rows_and_etags_differ_by_zone(
    far_away: Client, staff: User, colleague: User
) -> None:
    """Rendered rows are cached, and polls compare an ETag."""
    place(colleague)
    home = works_in("", colleague)
    tags = [browser.get("/board")["ETag"] for browser in (far_away, home)]
    assert tags[0] != tags[1]
    times = [
        re.findall(r"<b>(\d\d:00–\d\d:00)</b>", browser.get("/board").content.decode())
        for browser in (far_away, home, far_away)
    ]
    assert times == [["04:00–05:00"], ["10:00–11:00"], ["04:00–05:00"]]


def test_change_of_zone_changes_the_next_poll(far_away: Client, staff: User) -> None:
    place(staff)
    tag = far_away.get("/board")["ETag"]
    same = far_away.get("/board", headers={"If-None-Match": tag})
    Preferences.objects.filter(user=staff).update(time_zone=AUCKLAND)
    other = far_away.get("/board", headers={"If-None-Match": tag})
    assert (same.status_code, other.status_code) == (304, 200)
    assert "22:00–23:00" in other.content.decode()


def test_texts_change_at_the_persons_midnight(staff: User) -> None:
    """Times of today are shown without their day, so rows and ETags depend on what today is."""
    put(staff, slot_end=None)
    with timezone.override(ZoneInfo(AUCKLAND)):
        midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        minute = timedelta(minutes=1)
        tags = {tag(staff, now=midnight + minute * n) for n in (-2, -1, 1, 2)}
    assert len(tags) == 2


def test_doubled_hour_of_the_persons_zone_is_refused(far_away: Client) -> None:
    answer = ask(far_away, slot_start=f"{BACK_IN_AMERICA}T01:30")
    [message] = answer.context["form"].errors["slot_start"]
    assert message == (
        "This hour exists twice in America/New_York. Add which one you mean:"
        f" {BACK_IN_AMERICA}T01:30-04:00 or {BACK_IN_AMERICA}T01:30-05:00."
    )


def test_refusal_names_the_persons_zone(far_away: Client, staff: User) -> None:
    answer = ask(far_away, slot_start="2020-01-01T10:00")
    [message] = answer.context["form"].errors["slot_start"]
    assert message.startswith("This time is past: it is ")
    assert message.endswith(" (America/New_York).")


class TestPicker:
    """Days are the person's, listings are the office's, shared by all."""

    def test_day_is_that_of_the_persons_zone(self, calcom: Sandbox, staff: User) -> None:
        listed(
            day(0),
            7,
            f"{day(1)}T10:30Z",  # still Tuesday in Auckland
            f"{day(1)}T11:00Z",  # Wednesday begins
            f"{day(2)}T10:59Z",
            f"{day(2)}T11:00Z",
        )
        browser = works_in(AUCKLAND, staff)
        assert cells(browser, f"/holds/new?event_type_id=1&day={day(2)}") == [
            f"{day(2)} 00:00",
            f"{day(2)} 23:59",
        ]

    def test_week_in_the_east_includes_the_day_before(self, calcom: Sandbox, staff: User) -> None:
        listed(day(0), 7, f"{day(0)}T12:00Z", f"{day(6)}T12:00Z")
        listed(day(-1), 1, f"{day(-1)}T10:00Z", f"{day(-1)}T11:00Z")
        browser = works_in(AUCKLAND, staff)
        assert cells(browser, f"/holds/new?event_type_id=1&day={day(2)}&view=week") == [
            f"{day(0)} 00:00",
            f"{day(1)} 01:00",
        ]

    def test_week_in_the_west_includes_the_day_after(self, calcom: Sandbox, staff: User) -> None:
        listed(day(0), 7, f"{day(0)}T04:00Z", f"{day(6)}T12:00Z")
        listed(day(7), 1, f"{day(7)}T04:00Z", f"{day(7)}T05:00Z")
        browser = works_in(NEW_YORK, staff)
        assert cells(browser, f"/holds/new?event_type_id=1&day={day(2)}&view=week") == [
            f"{day(6)} 07:00",
            f"{day(6)} 23:00",
        ]

    def test_all_zones_share_the_office_listing(
        self, far_away: Client, colleague: User, calcom: Sandbox
    ) -> None:
        address = f"/holds/new?event_type_id=1&day={day(0)}"
        home = desk(colleague)
        assert cells(home, address)[0] == f"{day(0)} 09:00"
        calls = len(calcom.calls(route="/v2/slots"))
        assert cells(far_away, address)[0] == f"{day(0)} 03:00"
        # One more day for a week that ends later than the office's, and nothing twice.
        assert [len(calcom.calls(route="/v2/slots")) - calls] == [1]
        spans = [Span(CONSULT, day(0), 7), Span(CONSULT, day(7), 1)]
        rows = StoredAnswer.objects.filter(name__startswith="slots").order_by("name")
        assert [row.name for row in rows] == [question(span).name for span in spans]

    def test_time_of_the_grid_is_the_chosen_moment(self, far_away: Client) -> None:
        page = far_away.get(f"/holds/new?event_type_id=1&day={day(0)}")
        cell = page.context["picker"].grid.days[0].parts[0][1][0]
        chosen = far_away.get(cell.url).context["picker"].choice.chosen
        assert chosen == MONDAY - timedelta(hours=1)


class TestUsualValues:
    def test_form_starts_with_the_persons_preferences(self, far_away: Client, staff: User) -> None:
        Preferences.objects.filter(user=staff).update(hold_minutes=45, event_type_id=4)
        form = far_away.get("/holds/new").context["form"]
        assert form["reservation_duration"].value() == 45
        assert form["event_type_id"].value() == 4

    def test_form_starts_with_the_office_minutes(self, far_away: Client) -> None:
        form = far_away.get("/holds/new").context["form"]
        assert (form["minutes"].value(), form["reservation_duration"].value()) == (15, None)

    def test_address_overrides_preferences(self, far_away: Client, staff: User) -> None:
        Preferences.objects.filter(user=staff).update(hold_minutes=45)
        form = far_away.get("/holds/new?reservation_duration=20").context["form"]
        assert form["reservation_duration"].value() == "20"


def test_log_is_stored_in_utc_and_shown_in_the_readers_zone(
    calcom: Sandbox, staff: User, admin: User
) -> None:
    place(staff)
    entry = AuditEntry.objects.filter(action="place").earliest("id")
    assert entry.asked["slot_start"] == f"{day(0)}T09:00:00+00:00"
    browser = works_in(NEW_YORK, admin)
    local = entry.at.astimezone(ZoneInfo(NEW_YORK))
    page = browser.get("/audit/?action=place").content.decode()
    assert f"<b>{local:%H:%M:%S}" in page  # with an offset in the hour that clocks show twice
    assert f"the hold of {named(0)} 04:00" in page


def test_refusal_is_shown_in_the_persons_language_and_logged_in_english(
    far_away: Client, staff: User, colleague: User
) -> None:
    Preferences.objects.filter(user=staff).update(language="de")
    hold = place(colleague)
    page = far_away.post(f"/holds/{hold.pk}/release", {"reason": "mistake"}).content.decode()
    assert "Diese Vormerkung gehört colleague." in page
    entry = AuditEntry.objects.filter(action="release", outcome="refused").get()
    assert entry.message == "This hold belongs to colleague."


def test_logged_moments_are_in_the_office_zone() -> None:
    with translation.override("de"), timezone.override(ZoneInfo(NEW_YORK)):
        error = messages.refusal("ran_out", until=MONDAY)
    moment = f"Mo, {day(0).day}. Jan {day(0).year} 04:00:00 (America/New_York)"
    assert error.happened == f"Diese Reservierung ist abgelaufen: {moment}."
    assert error.logged == f"This reservation ran out ({named(0)} 10:00:00, Europe/Rome)."
