"""Warn of one's own holds that end soon."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.calcom_state.models import Upstream
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.clocks import follow
from tests.holds.factories import bar, put
from tests.holds.observe import seconds_left
from tests.pages.desk import desk, markup

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ITEM = re.compile(r'<li id="w(\d+)"[^>]*?(?: class="(\w+)")?( hidden)?>')


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
        (-1, ["over"]),
        (-59, ["over"]),
        (-61, []),
    ],
)
def test_warning_levels(staff: User, seconds: int, levels: list[str]) -> None:
    now = put(staff).held_until - timedelta(seconds=seconds)
    assert [warned.level for warned in bar(staff, now=now).rows] == levels


def test_hold_that_ran_out_is_offered_again_once_that_is_recorded_too(
    calcom: Sandbox, staff: User
) -> None:
    hold = put(staff, seconds=-5, client_name="Marta Ferri")
    assert hold.state == Hold.State.HELD
    for page in ("/look-up", "/"):  # the board records what time has decided
        text = markup(desk(staff).get(page))
        assert items(text) == [(str(hold.pk), "over", "")]
        assert f'href="/holds/new?again={hold.pk}"' in text
        assert f'action="/holds/{hold.pk}/extend"' not in text
    assert Hold.objects.get().state == Hold.State.EXPIRED


def test_hold_of_unknown_end_is_not_said_to_have_run_out(staff: User) -> None:
    put(staff, seconds=-5, change={"phase": "parking"})
    later = timezone.now() + timedelta(seconds=20)
    put(staff, seconds=-5, claim_id="5f1c7a52111142228333444455556666", claim_until=later)
    put(staff, seconds=-5, state=Hold.State.RELEASED)
    assert list(bar(staff).rows) == []


def test_levels_follow_cal_coms_clock(staff: User) -> None:
    put(staff, seconds=90)
    Upstream.objects.create(pk=1, clock_offset_ms=40_000)
    assert [warned.level for warned in bar(staff).rows] == ["last"]


@pytest.mark.parametrize(
    "page", ["/", "/?tab=ended", "/holds/new", "/look-up", "/settings/", "own"]
)
def test_bar_is_on_every_page(calcom: Sandbox, staff: User, page: str) -> None:
    later = put(staff, seconds=600)
    hold = put(staff, seconds=100, client_name="Marta Ferri")
    text = markup(desk(staff).get(f"/holds/{hold.pk}/" if page == "own" else page))
    assert items(text) == [(str(hold.pk), "soon", ""), (str(later.pk), "", " hidden")]
    assert f'action="/holds/{hold.pk}/extend"' in text
    assert "Marta Ferri" in text


def test_bar_is_on_admin_pages(calcom: Sandbox, admin: User) -> None:
    hold = put(admin, seconds=30)
    for page in ("/audit/", "/admin/dashboard/user/", "/admin/dashboard/user/add/"):
        text = markup(desk(admin).get(page))
        assert (page, items(text)) == (page, [(str(hold.pk), "last", "")])


def test_bar_excludes_holds_of_others(staff: User, admin: User) -> None:
    put(staff, seconds=30)
    assert list(bar(admin).rows) == []


def test_hold_being_changed_has_no_button(staff: User) -> None:
    soon = timezone.now() + timedelta(seconds=20)
    hold = put(staff, seconds=50, claim_id="5f1c7a52111142228333444455556666", claim_until=soon)
    page = markup(desk(staff).get("/"))
    assert [item[0] for item in items(page)] == [str(hold.pk)]
    assert f'action="/holds/{hold.pk}/extend"' not in page


class TestPoll:
    def test_unchanged_poll_makes_no_call(self, calcom: Sandbox, staff: User) -> None:
        put(staff, seconds=100)
        browser = desk(staff)
        known = browser.get("/warnings")["ETag"]
        calcom.forget_calls()
        answer = browser.get("/warnings", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert calcom.calls() == []

    def test_page_carries_the_etag_of_its_bar(self, calcom: Sandbox, staff: User) -> None:
        put(staff, seconds=100)
        browser = desk(staff)
        page = markup(browser.get("/holds/new"))
        [known] = re.findall(r'id="warnings".*?data-e?tag="([^"]+)"', page)
        known = known.replace("&quot;", '"')
        assert browser.get("/warnings", headers={"If-None-Match": known}).status_code == 304

    def test_extending_and_releasing_change_the_etag(self, calcom: Sandbox, staff: User) -> None:
        hold = verbs.place(staff, minutes=1)
        etags = [bar(staff).etag]
        verbs.extend(staff, hold, minutes=2)
        etags.append(bar(staff).etag)
        verbs.release(staff, hold)
        etags.append(bar(staff).etag)
        assert len(set(etags)) == 3

    def test_board_poll_includes_the_bar(self, staff: User) -> None:
        hold = put(staff, seconds=50)
        headers = {"HX-Request": "true"}
        page = markup(desk(staff).get("/board", headers=headers))
        assert items(page) == [(str(hold.pk), "last", "")]
        assert 'hx-swap-oob="outerMorph"' in page
        assert 'hx-trigger="refresh"' in page


class TestExtend:
    shifted = 0.0

    def test_bar_extends_eleven_times(
        self, calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """WCAG 2.2.1 asks for at least ten extensions; each is sent in the last minute."""
        ahead = [0.0]
        follow(monkeypatch.setattr, lambda: ahead[0])
        hold = verbs.place(staff, minutes=1)
        browser = desk(staff)
        for _ in range(11):
            shown = bar(staff)
            [warned] = shown.rows
            assert warned.level == "last"
            answer = browser.post(
                f"/holds/{hold.pk}/extend",
                {shown.field: shown.minutes, "version": warned.version},
            )
            assert answer.status_code == 303
            assert 15 * 60 < seconds_left(hold) <= 17 * 60
            ahead[0] += seconds_left(hold) - 50
            calcom.clock.shift(ahead[0] - self.shifted)
            self.shifted = ahead[0]

    @pytest.mark.parametrize("most", [2, 10, 16, 17])
    def test_button_respects_the_office_maximum(
        self, calcom: Sandbox, staff: User, settings: Any, most: int
    ) -> None:
        settings.HOLD_MINUTES_MAX = most
        hold = verbs.place(staff, minutes=1)
        shown = bar(staff)
        answer = desk(staff).post(f"/holds/{hold.pk}/extend", {shown.field: shown.minutes})
        assert answer.status_code == 303
        assert Hold.objects.get().version > hold.version
        assert seconds_left(hold) > 60
