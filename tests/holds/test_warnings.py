"""Warned in time: one's own holds that end soon, on every page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold, Upstream
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.clocks import follow
from tests.holds.desk import desk
from tests.holds.factories import bar, put

pytestmark = pytest.mark.django_db
ITEM = re.compile(r'<li id="w(\d+)"(?: class="(\w+)")?( hidden)?>')


def items(page: str) -> list[tuple[str, str, str]]:
    return ITEM.findall(page)


@pytest.mark.parametrize(
    ("seconds", "levels"),
    [
        (59, ["last"]),
        (61, ["soon"]),
        (119, ["soon"]),
        (121, [""]),
        (14 * 60, [""]),
        (16 * 60, []),
        (-1, []),
    ],
)
def test_amber_at_two_minutes_red_at_one(staff: User, seconds: int, levels: list[str]) -> None:
    put(staff, seconds=seconds)
    assert [warned.level for warned in bar(staff).warnings] == levels


def test_the_moments_are_on_cal_coms_clock(staff: User) -> None:
    put(staff, seconds=90)
    Upstream.objects.create(pk=1, clock_offset_ms=40_000)
    assert [warned.level for warned in bar(staff).warnings] == ["last"]


@pytest.mark.parametrize(
    "page", ["/", "/?tab=ended", "/holds/new", "/look-up", "/settings/", "own"]
)
def test_the_bar_is_on_every_page_without_scripts_too(
    calcom: Sandbox, staff: User, page: str
) -> None:
    later = put(staff, seconds=600)
    hold = put(staff, seconds=100, client_name="Marta Ferri")
    text = desk(staff).get(f"/holds/{hold.pk}/" if page == "own" else page).content.decode()
    assert items(text) == [(str(hold.pk), "soon", ""), (str(later.pk), "", " hidden")]
    assert f'action="/holds/{hold.pk}/extend"' in text
    assert "Marta Ferri" in text


def test_it_is_on_the_pages_of_admins_too(calcom: Sandbox, admin: User) -> None:
    hold = put(admin, seconds=30)
    for page in ("/audit/", "/admin/dashboard/user/", "/admin/dashboard/user/add/"):
        text = desk(admin).get(page).content.decode()
        assert (page, items(text)) == (page, [(str(hold.pk), "last", "")])


def test_nobody_is_warned_of_a_colleagues_hold(staff: User, admin: User) -> None:
    put(staff, seconds=30)
    assert [list(bar(user).warnings) for user in (admin,)] == [[]]


def test_a_hold_in_the_middle_of_a_change_has_no_button(staff: User) -> None:
    soon = timezone.now() + timedelta(seconds=20)
    hold = put(staff, seconds=50, claim_id="5f1c7a52111142228333444455556666", claim_until=soon)
    page = desk(staff).get("/").content.decode()
    assert [item[0] for item in items(page)] == [str(hold.pk)]
    assert f'action="/holds/{hold.pk}/extend"' not in page


class TestThePollOfTheBar:
    def test_without_news_it_has_no_body_and_asks_little(
        self, calcom: Sandbox, staff: User
    ) -> None:
        put(staff, seconds=100)
        browser = desk(staff)
        known = browser.get("/warnings")["ETag"]
        calcom.forget_calls()
        with CaptureQueriesContext(connection) as caught:
            answer = browser.get("/warnings", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, len(caught)) == (304, b"", 5)
        assert calcom.calls() == []

    def test_the_page_has_the_tag_of_its_bar(self, calcom: Sandbox, staff: User) -> None:
        put(staff, seconds=100)
        browser = desk(staff)
        page = browser.get("/holds/new").content.decode()
        [known] = re.findall(r'id="warnings".*?data-tag="([^"]+)"', page)
        known = known.replace("&quot;", '"')
        assert browser.get("/warnings", headers={"If-None-Match": known}).status_code == 304

    def test_what_becomes_of_a_hold_is_news(self, calcom: Sandbox, staff: User) -> None:
        hold = cast.place(staff, minutes=1)
        tags = [bar(staff).tag]
        cast.extend(staff, hold, minutes=2)
        tags.append(bar(staff).tag)
        cast.release(staff, hold)
        tags.append(bar(staff).tag)
        assert len(set(tags)) == 3

    def test_on_the_board_it_comes_with_the_boards_own_poll(self, staff: User) -> None:
        hold = put(staff, seconds=50)
        headers = {"HX-Request": "true"}
        page = desk(staff).get("/board", headers=headers).content.decode()
        assert items(page) == [(str(hold.pk), "last", "")]
        assert 'hx-swap-oob="outerMorph"' in page
        assert 'hx-trigger="refresh"' in page


class TestExtendingFromTheBar:
    shifted = 0.0

    def test_as_often_as_wanted(
        self, calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """WCAG 2.2.1 asks for ten times; each time in the last minute, by the bar's own form."""
        ahead = [0.0]
        follow(monkeypatch.setattr, lambda: ahead[0])
        hold = cast.place(staff, minutes=1)
        browser = desk(staff)
        for _ in range(11):
            shown = bar(staff)
            [warned] = shown.warnings
            assert warned.level == "last"
            answer = browser.post(
                f"/holds/{hold.pk}/extend",
                {shown.field: shown.minutes, "version": warned.row.version},
            )
            assert answer.status_code == 303
            assert 15 * 60 < cast.seconds_left(hold) <= 17 * 60
            ahead[0] += cast.seconds_left(hold) - 50
            calcom.clock.shift(ahead[0] - self.shifted)
            self.shifted = ahead[0]

    @pytest.mark.parametrize("most", [2, 10, 16, 17])
    def test_an_office_that_allows_little_offers_what_it_allows(
        self, calcom: Sandbox, staff: User, settings: Any, most: int
    ) -> None:
        settings.HOLD_MINUTES_MAX = most
        hold = cast.place(staff, minutes=1)
        shown = bar(staff)
        answer = desk(staff).post(f"/holds/{hold.pk}/extend", {shown.field: shown.minutes})
        assert answer.status_code == 303
        assert Hold.objects.get().version > hold.version
        assert cast.seconds_left(hold) > 60
