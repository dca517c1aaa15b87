"""Poll the board: changes of its ETag, and the answer when nothing changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone, translation

from dashboard.accounts.models import User
from dashboard.accounts.people import change_person
from dashboard.accounts.roles import Role
from dashboard.holds import register
from dashboard.holds.change import Change, Phase
from dashboard.holds.models import Hold
from dashboard.holds.slots import SlotHold
from dashboard.pages.board import Tab
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.factories import put, put_ended, see, tag
from tests.holds.verbs import CONSULT, LATER, MONDAY
from tests.pages.desk import desk

pytestmark = pytest.mark.django_db
POLL = "/board?tab=everyone"
BLINK = timedelta(milliseconds=1)


def poll(browser: Client, known: str = "", address: str = POLL) -> HttpResponse:
    return browser.get(address, headers={"If-None-Match": known} if known else {})


def next_midnight() -> datetime:
    """Return when the next day begins at the office."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(tomorrow, time.min))


def test_page_carries_the_etag_of_its_first_poll(staff: User) -> None:
    put(staff)
    browser = desk(staff)
    shown = browser.get("/").context["etag"]
    assert poll(browser, shown).status_code == 304


def test_unchanged_poll_is_a_small_304_without_a_call(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    for _ in range(5):
        put(staff)
        put(colleague)
    browser = desk(staff)
    known = poll(browser)["ETag"]
    calcom.forget_calls()
    answer = poll(browser, known)
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", known)
    assert sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items()) <= 306
    assert calcom.calls() == []


@pytest.mark.parametrize("address", [POLL, "/warnings"])
@pytest.mark.parametrize(
    ("known", "status"),
    [
        ('"other", {weak}', 304),
        ("{strong}", 304),
        (' W/"a,b" ,{strong} ', 304),
        ("*", 304),
        ('"other", W/"another"', 200),
        ('"*"', 200),
        ("{bare}", 200),
    ],
)
def test_if_none_match_is_compared_as_in_rfc_9110(
    staff: User, address: str, known: str, status: int
) -> None:
    browser = desk(staff)
    weak = poll(browser, address=address)["ETag"]
    strong = weak.removeprefix("W/")
    said = known.format(weak=weak, strong=strong, bare=strong.strip('"'))
    answer = poll(browser, said, address)
    assert (answer.status_code, answer["ETag"]) == (status, weak)


def test_changed_poll_makes_no_call(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    known = poll(browser)["ETag"]
    hold = put(staff)
    calcom.forget_calls()
    answer = poll(browser, known)
    assert answer.status_code == 200
    assert f'id="h{hold.pk}"' in answer.content.decode()
    assert calcom.calls() == []


def test_every_verb_changes_a_colleagues_etag(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    seen = [tag(colleague)]
    hold = verbs.place(staff)
    seen.append(tag(colleague))
    hold = verbs.extend(staff, hold)
    seen.append(tag(colleague))
    hold = verbs.move(staff, hold, LATER)
    seen.append(tag(colleague))
    verbs.release(staff, hold)
    seen.append(tag(colleague))
    assert len(set(seen)) == 5
    assert tag(colleague) == seen[-1]


def test_late_write_with_older_changed_at_changes_the_etag(staff: User) -> None:
    """Changes are not found by the latest ``changed_at`` alone."""
    put(staff)
    slow = put(staff)
    before = tag(staff)
    earlier = timezone.now() - timedelta(minutes=1)
    Hold.objects.filter(pk=slow.pk).update(version=slow.version + 1, changed_at=earlier)
    assert tag(staff) != before


def test_hold_added_while_another_ends_changes_the_etag(staff: User) -> None:
    going = put(staff)
    before = tag(staff)
    now = timezone.now()
    Hold.objects.filter(pk=going.pk).update(
        state="released", ended_at=now, version=going.version + 1, changed_at=now
    )
    put(staff)
    assert tag(staff) != before


class TestChangesByTimeAlone:
    """Time changes the ETag without a write, once, at the right moment and for the right person."""

    @staticmethod
    def is_news(user: User, moment: datetime) -> bool:
        before, after = tag(user, now=moment - BLINK), tag(user, now=moment + BLINK)
        assert tag(user, now=moment - 2 * BLINK) == before
        assert tag(user, now=moment + 2 * BLINK) == after
        return before != after

    def test_hold_begins_to_end_soon(self, staff: User, colleague: User) -> None:
        hold = put(staff)
        moment = hold.held_until - timedelta(minutes=5)
        assert self.is_news(colleague, moment)
        counts = [see(colleague, now=moment + side).tabs[2][1] for side in (-BLINK, BLINK)]
        assert counts == [0, 1]

    def test_hold_runs_out(self, staff: User, colleague: User) -> None:
        assert self.is_news(colleague, put(staff).held_until)

    def test_warning_changes_the_holders_etag_only(self, staff: User, colleague: User) -> None:
        moment = put(staff).held_until - register.WARNED_AHEAD
        assert self.is_news(staff, moment)
        assert not self.is_news(colleague, moment)

    def test_claim_of_a_change_ends(self, staff: User, colleague: User) -> None:
        until = timezone.now() + timedelta(minutes=1)
        spot = SlotHold(CONSULT, MONDAY, LATER, None, until)
        change = Change("extend", Phase.PARKING, spot, spot, until).to_json()
        put(staff, claim_id=uuid4(), claim_until=until, change=change)
        assert self.is_news(colleague, until)
        boards = [see(colleague, now=until + side) for side in (-BLINK, BLINK)]
        assert [(len(one.holds), len(one.attention)) for one in boards] == [(1, 0), (0, 1)]

    def test_lost_hold_is_shown_for_twelve_hours(self, staff: User) -> None:
        lost = put_ended(staff, "lost", ago=11.9 * 3600)
        assert lost.ended_at is not None
        assert self.is_news(staff, lost.ended_at + register.LOST_SHOWN_FOR)

    def test_etag_stays_for_an_hour_without_events(self, staff: User) -> None:
        put(staff, seconds=40 * 3600)
        put_ended(staff, ago=3600)
        morning = next_midnight() + timedelta(hours=8)
        assert len({tag(staff, now=morning + timedelta(minutes=m)) for m in range(60)}) == 1

    def test_new_day_begins(self, staff: User) -> None:
        """At midnight the ended tab loses a day."""
        put(staff, seconds=40 * 3600)
        assert self.is_news(staff, next_midnight())


def test_poll_records_expired_holds(calcom: Sandbox, staff: User, colleague: User) -> None:
    hold = put(staff, seconds=-1)
    calcom.forget_calls()
    page = poll(desk(colleague)).content.decode()
    hold.refresh_from_db()
    assert (hold.state, hold.ended_at) == ("expired", hold.held_until)
    assert f'id="h{hold.pk}"' not in page
    assert [row.pk for row in see(colleague, Tab.ENDED).ended.rows] == [hold.pk]
    assert calcom.calls() == []


def test_different_pages_have_different_etags(staff: User, colleague: User) -> None:
    put(staff)
    tags = [tag(staff, tab) for tab in Tab] + [tag(colleague)]
    with translation.override("de"):
        tags.append(tag(staff))
    change_person(person=staff.pk, role=Role.ADMINS, by=None, now=timezone.now())
    tags.append(tag(staff))
    assert len(set(tags)) == len(tags)


def test_two_processes_make_the_same_etag(staff: User) -> None:
    """An ETag with state of one process would change with each poll behind two processes."""
    put(staff)
    first = tag(staff)
    register._Cache.snapshot = None
    assert tag(staff) == first


@pytest.mark.parametrize("known", ['"x"', "W/", "nonsense", 'W/"' + "0" * 24 + '"'])
def test_unknown_etag_gets_the_board(staff: User, known: str) -> None:
    assert poll(desk(staff), known).status_code == 200


def test_row_version_changes_with_the_row_and_its_viewer(
    staff: User, colleague: User, row_versions: Callable[[User], list[str]]
) -> None:
    """Scripts skip a row whose version the page already shows."""
    hold = put(staff)
    old = row_versions(staff)
    assert row_versions(staff) == old
    assert row_versions(colleague) != old
    Hold.objects.filter(pk=hold.pk).update(version=hold.version + 1, changed_at=timezone.now())
    assert row_versions(staff) != old


@pytest.fixture
def row_versions() -> Callable[[User], list[str]]:
    def read(user: User) -> list[str]:
        page = desk(user).get("/").content.decode()
        return re.findall(r'<tr [^>]*data-(?:face|version)="([^"]*)"', page)

    return read
