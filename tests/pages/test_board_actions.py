"""Many holds at once: nothing is cut in silence, and each result says which hold it is about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.accounts.return_urls import login_url
from dashboard.audit import trail
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from dashboard.localization import local_times
from dashboard.pages import board_actions
from dashboard.pages.board import MOST_LOST, Tab
from dashboard.pages.release import MOST_AT_ONCE, MOST_CHOSEN, address_of
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.factories import put, put_ended, see
from tests.holds.verbs import LATER
from tests.kept import forget_kept
from tests.pages.desk import desk, markup
from tests.pages.script_client import PARTIAL, root_element

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
MORE = 3


def toasts(page: HttpResponse) -> list[str]:
    return [str(each) for each in get_messages(page.wsgi_request)]


class TestCheck:
    def test_those_beyond_the_limit_are_counted_and_asked_for_next(
        self, calcom: Sandbox, browser: Client, staff: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(board_actions, "MOST_CHECKED", 4)
        pks = [put(staff).pk for _ in range(4 + MORE)]
        page = browser.post("/check", {"hold": pks})
        assert page.context["rest"] == pks[4:]
        text = markup(page)
        assert f"{MORE} of {len(pks)} holds were not verified yet." in text
        left = re.findall(r'<input type="hidden" name="hold" value="(\d+)">', text)
        assert [int(pk) for pk in left] == pks[4:]

    def test_results_are_a_panel_that_says_it_once(
        self, calcom: Sandbox, browser: Client, staff: User
    ) -> None:
        same = verbs.place(staff)
        gone = put(staff, client_name="Hedy")
        page = browser.post("/check?tab=mine", {"hold": [same.pk, gone.pk]}, headers=PARTIAL)
        assert (page.status_code, root_element(page)) == (200, ("section", "board"))
        assert page.context["board"].tab == Tab.MINE
        assert page.context["checked"] == "cal.com has 1 of 2 holds as they stand here."
        assert [(one["row"].pk, one["word"]) for one in page.context["results"]] == [
            (gone.pk, "changed")
        ]
        assert 'id="results" hx-swap-oob="true"' in markup(page)
        assert markup(page).count(page.context["checked"]) == 1

    def test_a_hold_moved_outside_is_named_by_client_and_both_times(
        self, calcom: Sandbox, browser: Client, staff: User
    ) -> None:
        hold = verbs.place(staff)
        Hold.objects.filter(pk=hold.pk).update(
            slot_start=LATER, slot_end=LATER + timedelta(hours=1), client_name="Grace"
        )
        page = browser.post("/check", {"hold": [hold.pk]})
        [result] = page.context["results"]
        hold.refresh_from_db()
        old = local_times.slot(LATER, LATER + timedelta(hours=1))
        new = local_times.slot(hold.slot_start, hold.slot_end)
        assert result["row"].client == "Grace"
        assert f"{old} → {new}" in result["sentence"]

    def test_without_a_selection_it_says_so(self, browser: Client, db: None) -> None:
        for page in (browser.post("/check", {}), browser.get("/release"), browser.post("/release")):
            assert (page.status_code, page["Location"]) == (303, "/")
            assert set(toasts(page)) == {"No hold was chosen."}


class TestRelease:
    def test_those_beyond_the_limit_follow(self, browser: Client, staff: User) -> None:
        pks = [put(staff).pk for _ in range(MOST_AT_ONCE + MORE)]
        page = browser.get("/release", {"hold": pks})
        text = markup(page)
        assert len(page.context["rows"]) == MOST_AT_ONCE
        assert f"{len(pks)} times are chosen. These are the first {MOST_AT_ONCE}" in text
        rest = re.findall(r'<input type="hidden" name="rest" value="(\d+)">', text)
        assert [int(pk) for pk in rest] == pks[MOST_AT_ONCE:]

    def test_results_lead_on_to_the_rest(
        self, calcom: Sandbox, browser: Client, staff: User
    ) -> None:
        hold, other = verbs.place(staff), put(staff)
        why = {"reason": "other", "note": "Ada's office is closed"}
        typed = why | {"token": str(browser.get(f"/release?hold={hold.pk}").context["token"])}
        page = browser.post("/release", {"hold": hold.pk, "rest": other.pk, "sure": "yes"} | typed)
        text, rest = markup(page), f"/release?hold={other.pk}&typed={typed['token']}"
        assert "1 more is chosen and not released yet." in text
        assert page.context["next_url"] == rest
        pages = [f"/release?hold={other.pk}", rest]
        forms = [browser.get(page).context["form"].initial for page in pages]
        assert forms == [{}, why]  # it is not the reason of what is chosen elsewhere
        assert Hold.objects.get(pk=other.pk).state == "held"

    def test_the_rest_has_only_holds_that_exist(self, browser: Client, staff: User) -> None:
        hold, other = put(staff), put(staff)
        rest = [other.pk, other.pk, other.pk + 1, "9" * 18]
        sent = {"hold": hold.pk, "rest": rest, "sure": "yes", "note": "x" * 501}
        page = browser.post("/release", sent)
        assert page.status_code == 422
        assert [row.pk for row in page.context["rows"]] == [hold.pk, other.pk]

    def test_results_lead_back_to_what_was_released_by_mistake(
        self, calcom: Sandbox, browser: Client, staff: User
    ) -> None:
        hold, booked = verbs.place(staff), verbs.place(staff, start=LATER)
        pages = [
            browser.post("/release", {"hold": each.pk, "reason": reason, "sure": "yes"})
            for each, reason in ((hold, "mistake"), (booked, "booked"))
        ]
        shown = [re.findall('<ul class="attention">.*?</ul>', markup(page))[0] for page in pages]
        links = [re.findall('href="(/holds/new[?]again=[^"]*)"', each) for each in shown]
        assert links == [[f"/holds/new?again={hold.pk}"], []]

    def test_more_than_an_address_can_carry_is_said(self, browser: Client, staff: User) -> None:
        pk = put(staff).pk
        page = browser.post("/release", {"hold": [pk, *range(1, 3000)]})
        assert toasts(page) == ["You chose 3000 holds. Only the first 300 can be released at once."]

    def test_the_address_fits_into_the_headers_that_nginx_takes(self) -> None:
        """Also where it is the page to return to; 4 KiB are for all headers together."""
        address = address_of(list(range(1_000_000, 1_000_000 + MOST_CHOSEN)))
        assert len(login_url(address)) < 3000


class TestAttention:
    def test_how_many_of_how_many_are_listed(self, browser: Client, staff: User) -> None:
        for _ in range(MOST_LOST + MORE):
            put_ended(staff, "lost")
        first = browser.get("/?tab=attention")
        assert len(first.context["board"].attention) == MOST_LOST
        assert f"{MOST_LOST} of {MOST_LOST + MORE} lost holds are listed." in markup(first)
        second = browser.get("/?tab=attention&pages=2")
        assert len(second.context["board"].attention) == MOST_LOST + MORE
        assert "lost holds are listed" not in markup(second)
        poll = browser.get(
            "/board?tab=attention&pages=2", headers={"If-None-Match": second.context["etag"]}
        )
        assert poll.status_code == 304

    @pytest.mark.parametrize(("lost", "live", "cut"), [(0, 1, False), (1, 0, False), (1, 1, True)])
    def test_list_is_cut_only_above_live_holds(
        self, browser: Client, staff: User, lost: int, live: int, cut: bool
    ) -> None:
        for _ in range(lost):
            put_ended(staff, "lost")
        for _ in range(live):
            put(staff)
        pages = {tab: markup(browser.get(f"/?tab={tab}")) for tab in Tab}
        found = {tab for tab, page in pages.items() if '<p class="all screen">' in page}
        assert found == ({Tab.EVERYONE, Tab.MINE} if cut else set())

    def test_ones_own_are_not_crowded_out(self, staff: User, colleague: User) -> None:
        mine = put_ended(staff, "lost", ago=3600)
        for _ in range(MOST_LOST):
            put_ended(colleague, "lost")
        assert [row.pk for row in see(staff, Tab.MINE).attention] == [mine.pk]

    @pytest.mark.parametrize("state", ["lost", "gone", "released"])
    def test_put_aside_is_recorded_and_for_all(
        self, browser: Client, staff: User, colleague: User, state: str
    ) -> None:
        hold = put_ended(staff, state)
        other = desk(colleague)
        etag = other.get("/board?tab=attention")["ETag"]
        for _ in range(2):
            answer = browser.post(f"/holds/{hold.pk}/put-aside?tab=attention")
            assert (answer.status_code, answer["Location"]) == (303, "/?tab=attention")
        news = other.get("/board?tab=attention", headers={"If-None-Match": etag})
        assert news.status_code == 200
        assert [len(see(user, Tab.ATTENTION).attention) for user in (staff, colleague)] == [0, 0]
        recorded = AuditEntry.objects.filter(action="put_aside")
        assert [(e.hold_id, e.actor_id, e.outcome) for e in recorded] == [(hold.pk, staff.pk, "ok")]
        story = browser.get(f"/holds/{hold.pk}/").context["story"].lines
        assert [(line.actor.who, line.did_it) for line in story] == [("you", "put it aside")]

    def test_only_by_holder_or_admin_and_only_what_is_lost(
        self, browser: Client, staff: User, colleague: User, admin: User
    ) -> None:
        theirs, live = put_ended(colleague, "lost"), put(staff)
        answers = [
            browser.post(f"/holds/{pk}/put-aside").status_code for pk in (theirs.pk, live.pk, 9)
        ]
        assert answers == [403, 409, 404]
        assert desk(admin).post(f"/holds/{theirs.pk}/put-aside").status_code == 303


def test_look_up_says_which_client_field_is_wrong(
    calcom: Sandbox, browser: Client, staff: User
) -> None:
    calcom.forget_calls()
    page = browser.post("/look-up", {"uid": "abc", "take": "yes", "client_name": "x" * 201})
    text = markup(page)
    assert page.status_code == 422
    assert "At most 200 characters." in text
    assert f'value="{"x" * 201}"' in text
    assert "abc" not in re.findall(r'value="([^"]*)"', text)
    assert calcom.calls() == []


class TestFinding:
    """An action without an outcome, which the board lists until it has one."""

    @pytest.fixture
    def finding(self, staff: User) -> Iterator[AuditEntry]:
        forget_kept()  # which keeps what the board has found, for half a minute
        hold = put_ended(staff, "lost")
        died = timezone.now() - timedelta(hours=1)
        begun = trail.intent(action="extend", by=acting(staff), hold_id=hold.pk, now=died)
        yield AuditEntry.objects.get(action_id=begun.action_id)
        forget_kept()

    def test_board_says_who_tried_what(self, finding: AuditEntry, staff: User) -> None:
        board = markup(desk(staff).get("/?tab=attention"))
        assert f"<p>{staff.username} tried to extend" in " ".join(board.split())

    def test_admin_puts_it_aside_and_the_log_says_so(
        self, finding: AuditEntry, admin: User
    ) -> None:
        browser = desk(admin)
        address = f"/audit/{finding.pk}/put-aside?tab=attention"
        assert address in markup(browser.get("/?tab=attention"))

        answer = browser.post(address, headers=PARTIAL)
        assert (answer.status_code, answer["Location"]) == (303, "/?tab=attention")
        board = browser.get("/?tab=attention").context["board"]
        # The lost hold of the action needs attention as before.
        assert (len(board.findings), len(board.attention)) == (0, 1)
        outcome = AuditEntry.objects.get(action_id=finding.action_id, kind="outcome")
        assert (outcome.actor, outcome.outcome, outcome.error_code) == (
            admin,
            "unknown",
            "put_aside",
        )
        event = AuditEntry.objects.get(action="action_closed")
        assert (event.actor, event.hold_id, event.asked) == (
            admin,
            finding.hold_id,
            {"entry": finding.pk},
        )

        browser.post(address)
        assert AuditEntry.objects.filter(action="action_closed").count() == 1

    def test_only_an_admin_may_and_only_for_an_action_that_is_over(
        self, finding: AuditEntry, staff: User, admin: User
    ) -> None:
        address = f"/audit/{finding.pk}/put-aside"
        board = desk(staff).get("/?tab=attention")
        assert len(board.context["board"].findings) == 1
        assert address not in markup(board)
        assert desk(staff).post(address).status_code == 403
        under_way = trail.intent(action="extend", by=acting(staff), now=timezone.now())
        pk = AuditEntry.objects.get(action_id=under_way.action_id).pk
        assert toasts(desk(admin).post(f"/audit/{pk}/put-aside")) == [
            "Nothing was put aside: it is still under way, or has an outcome by now."
        ]
        assert desk(admin).post("/audit/999999/put-aside").status_code == 404
        assert not AuditEntry.objects.filter(kind="outcome").exists()
