"""The poll of the board: what is news to whom, and what an answer without news costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from dashboard.accounts.models import User
from dashboard.accounts.people import change_person
from dashboard.accounts.roles import Role
from dashboard.holds import register
from dashboard.holds.changes import Change, Phase, Spot
from dashboard.holds.models import Hold
from dashboard.pages.board import Tab
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import CONSULT, LATER, MONDAY
from tests.holds.desk import desk
from tests.holds.factories import put, put_ended, see, tag

pytestmark = pytest.mark.django_db
POLL = "/board?tab=everyone"
BLINK = timedelta(milliseconds=1)


def poll(browser: Client, known: str = "", address: str = POLL) -> HttpResponse:
    return browser.get(address, headers={"If-None-Match": known} if known else {})


def next_midnight() -> datetime:
    """When the office's next day begins."""
    tomorrow = timezone.localdate() + timedelta(days=1)
    return timezone.make_aware(datetime.combine(tomorrow, time.min))


def test_the_page_has_the_tag_that_its_first_poll_sends(staff: User) -> None:
    put(staff)
    browser = desk(staff)
    shown = browser.get("/").context["board"].tag
    assert poll(browser, shown).status_code == 304


def test_an_answer_without_news_is_small_and_asks_one_light_question(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    for _ in range(5):
        put(staff)
        put(colleague)
    browser = desk(staff)
    known = poll(browser)["ETag"]
    calcom.forget_calls()
    with CaptureQueriesContext(connection) as caught:
        answer = poll(browser, known)
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", known)
    assert sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items()) < 650
    # Who asks: session, person, groups. Then cal.com's clock and the stamp of the register in one.
    assert len(caught) == 4
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
def test_what_is_known_is_compared_as_http_says(
    staff: User, address: str, known: str, status: int
) -> None:
    browser = desk(staff)
    weak = poll(browser, address=address)["ETag"]
    strong = weak.removeprefix("W/")
    said = known.format(weak=weak, strong=strong, bare=strong.strip('"'))
    answer = poll(browser, said, address)
    assert (answer.status_code, answer["ETag"]) == (status, weak)


def test_news_come_without_a_call_to_cal_com(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    known = poll(browser)["ETag"]
    hold = put(staff)
    calcom.forget_calls()
    answer = poll(browser, known)
    assert answer.status_code == 200
    assert f'id="h{hold.pk}"' in answer.content.decode()
    assert calcom.calls() == []


def test_all_that_people_do_is_news_to_everybody(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    seen = [tag(colleague)]
    hold = cast.place(staff)
    seen.append(tag(colleague))
    hold = cast.extend(staff, hold)
    seen.append(tag(colleague))
    hold = cast.move(staff, hold, LATER)
    seen.append(tag(colleague))
    cast.release(staff, hold)
    seen.append(tag(colleague))
    assert len(set(seen)) == 5
    assert tag(colleague) == seen[-1]


def test_a_write_that_comes_late_with_an_older_moment_is_news(staff: User) -> None:
    """Whoever began first may write last: the latest moment alone would not tell."""
    put(staff)
    slow = put(staff)
    before = tag(staff)
    earlier = timezone.now() - timedelta(minutes=1)
    Hold.objects.filter(pk=slow.pk).update(version=slow.version + 1, changed_at=earlier)
    assert tag(staff) != before


def test_a_hold_that_comes_as_another_goes_is_news(staff: User) -> None:
    going = put(staff)
    before = tag(staff)
    now = timezone.now()
    Hold.objects.filter(pk=going.pk).update(
        state="released", ended_at=now, version=going.version + 1, changed_at=now
    )
    put(staff)
    assert tag(staff) != before


class TestTimeAlone:
    """What nobody writes is news too, once, at its moment and to whom it concerns."""

    @staticmethod
    def is_news(user: User, moment: datetime) -> bool:
        before, after = tag(user, now=moment - BLINK), tag(user, now=moment + BLINK)
        assert tag(user, now=moment - 2 * BLINK) == before
        assert tag(user, now=moment + 2 * BLINK) == after
        return before != after

    def test_a_hold_comes_to_end_soon(self, staff: User, colleague: User) -> None:
        hold = put(staff)
        moment = hold.held_until - timedelta(minutes=5)
        assert self.is_news(colleague, moment)
        counts = [see(colleague, now=moment + side).tabs[2].count for side in (-BLINK, BLINK)]
        assert counts == [0, 1]

    def test_a_hold_runs_out(self, staff: User, colleague: User) -> None:
        assert self.is_news(colleague, put(staff).held_until)

    def test_its_holder_is_to_be_warned_and_nobody_else(self, staff: User, colleague: User) -> None:
        moment = put(staff).held_until - register.WARNED_AHEAD
        assert self.is_news(staff, moment)
        assert not self.is_news(colleague, moment)

    def test_a_change_is_given_up(self, staff: User, colleague: User) -> None:
        until = timezone.now() + timedelta(minutes=1)
        spot = Spot(CONSULT, MONDAY, LATER, None, until)
        change = Change("extend", Phase.PARKING, spot, spot, until).to_json()
        put(staff, claim_id=uuid4(), claim_until=until, change=change)
        assert self.is_news(colleague, until)
        boards = [see(colleague, now=until + side) for side in (-BLINK, BLINK)]
        assert [(len(one.rows), len(one.attention)) for one in boards] == [(1, 0), (0, 1)]

    def test_a_lost_hold_is_told_for_twelve_hours(self, staff: User) -> None:
        lost = put_ended(staff, "lost", ago=11.9 * 3600)
        assert lost.ended_at is not None
        assert self.is_news(staff, lost.ended_at + register.TOLD_FOR)

    def test_an_hour_in_which_nothing_happens_is_none(self, staff: User) -> None:
        put(staff, seconds=40 * 3600)
        put_ended(staff, ago=3600)
        morning = next_midnight() + timedelta(hours=8)
        assert len({tag(staff, now=morning + timedelta(minutes=m)) for m in range(60)}) == 1

    def test_a_new_day_begins(self, staff: User) -> None:
        """Slots of today carry no date, and what ended is shown since yesterday."""
        put(staff, seconds=40 * 3600)
        assert self.is_news(staff, next_midnight())


def test_a_hold_that_ran_out_is_recorded_by_whoever_polls(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    hold = put(staff, seconds=-1)
    calcom.forget_calls()
    page = poll(desk(colleague)).content.decode()
    hold.refresh_from_db()
    assert (hold.state, hold.ended_at) == ("expired", hold.held_until)
    assert f'id="h{hold.pk}"' not in page
    assert [line.row.pk for line in see(colleague, Tab.ENDED).ended] == [hold.pk]
    assert calcom.calls() == []


def test_no_two_who_see_different_pages_share_a_tag(staff: User, colleague: User) -> None:
    put(staff)
    tags = [tag(staff, tab) for tab in Tab] + [tag(colleague)]
    with translation.override("de"):
        tags.append(tag(staff))
    change_person(person=staff.pk, role=Role.ADMINS, by=None, now=timezone.now())
    tags.append(tag(staff))
    assert len(set(tags)) == len(tags)


def test_two_servers_give_the_same_tag(staff: User) -> None:
    """What one process remembers is in no tag, or polls would go back and forth between two."""
    put(staff)
    first = tag(staff)
    register.forget()
    assert tag(staff) == first


@pytest.mark.parametrize("known", ['"x"', "W/", "nonsense", 'W/"' + "0" * 24 + '"'])
def test_any_other_tag_gets_the_board(staff: User, known: str) -> None:
    assert poll(desk(staff), known).status_code == 200


def test_rows_are_not_taken_for_one_another(
    staff: User, colleague: User, faces: Callable[[User], list[str]]
) -> None:
    """By its face a page leaves a row alone: it is the same only where the row is."""
    hold = put(staff)
    old = faces(staff)
    assert faces(staff) == old
    assert faces(colleague) != old
    Hold.objects.filter(pk=hold.pk).update(version=hold.version + 1, changed_at=timezone.now())
    assert faces(staff) != old


@pytest.fixture
def faces() -> Callable[[User], list[str]]:
    def read(user: User) -> list[str]:
        page = desk(user).get("/").content.decode()
        return [part.partition('"')[0] for part in page.split('data-face="')[1:]]

    return read
