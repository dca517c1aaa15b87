"""Pages of holds poll: nothing new is a 304 without a call, and news are the part that shows it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.holds.models import Hold, Offer
from dashboard.localization import local_times
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.factories import put
from tests.holds.verbs import LATER
from tests.pages.desk import desk, markup
from tests.pages.script_client import KEY, root_element

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
# By page: the address of its poll, and the id of the part that it answers.
POLLS = {
    "hold": ("/holds/{hold}/poll", "hold-live"),
    "move": ("/holds/{hold}/move/poll", "moving"),
    "offer": ("/offers/{offer}/poll", "offer-live"),
    "release": ("/release/poll?hold={hold}.{other}", "chosen-holds"),
}
PAGES = {
    "hold": "/holds/{hold}/",
    "move": "/holds/{hold}/move",
    "offer": "/offers/{offer}/",
    "release": "/release?hold={hold}.{other}",
}


@pytest.fixture
def held(staff: User) -> Hold:
    """Return a hold that is one of two of an offer."""
    offer = Offer.objects.create(made_by=staff, created_at=timezone.now())
    put(staff, offer=offer, slot_start=LATER)
    return put(staff, offer=offer, client_name="Grace")


@pytest.fixture
def address(held: Hold) -> Callable[[str], str]:
    other = Hold.objects.exclude(pk=held.pk).get()
    known = {"hold": held.pk, "other": other.pk, "offer": held.offer_id}
    return lambda text: text.format(**known)


def ask(browser: Client, address: str, etag: str = "") -> HttpResponse:
    return browser.get(address, headers={"If-None-Match": etag} if etag else {})


@pytest.mark.parametrize("page", POLLS)
def test_page_carries_the_etag_and_the_address_of_its_poll(
    calcom: Sandbox, browser: Client, address: Callable[[str], str], page: str
) -> None:
    shown = browser.get(address(PAGES[page]))
    poll = address(POLLS[page][0])
    assert f'hx-get="{poll.replace("&", "&amp;")}"' in shown.content.decode()
    calcom.forget_calls()
    answer = ask(browser, poll, shown.context["etag"])
    assert (answer.status_code, answer.content) == (304, b"")
    assert calcom.calls() == []


@pytest.mark.parametrize("page", POLLS)
def test_every_change_of_the_hold_is_news(
    calcom: Sandbox, browser: Client, held: Hold, address: Callable[[str], str], page: str
) -> None:
    poll, part = POLLS[page]
    etag = ask(browser, address(poll))["ETag"]
    now = timezone.now()
    changes = [
        {"held_until": held.held_until + timedelta(minutes=5), "version": 1},
        {"claim_id": uuid4(), "claim_until": now + timedelta(minutes=1), "claim_verb": "extend"},
        {"claim_id": None, "claim_until": None, "claim_verb": ""},
        {"state": "released", "ended_at": now, "version": 2},
    ]
    for fields in changes:
        Hold.objects.filter(pk=held.pk).update(**fields, changed_at=timezone.now())
        calcom.forget_calls()
        answer = ask(browser, address(poll), etag)
        assert (answer.status_code, root_element(answer)[1]) == (200, part)
        assert calcom.calls() == []
        assert answer["ETag"] != etag
        etag = answer["ETag"]
    assert "released" in answer.content.decode()


@pytest.mark.parametrize("page", POLLS)
def test_the_end_of_the_hold_is_news_without_a_call(
    calcom: Sandbox, browser: Client, held: Hold, address: Callable[[str], str], page: str
) -> None:
    etag = ask(browser, address(POLLS[page][0]))["ETag"]
    past = timezone.now() - timedelta(seconds=1)
    Hold.objects.filter(pk=held.pk).update(held_until=past, changed_at=timezone.now(), version=1)
    calcom.forget_calls()
    answer = ask(browser, address(POLLS[page][0]), etag)
    assert "expired" in answer.content.decode()
    assert local_times.slot_in_full(held.slot_start, held.slot_end) not in answer.content.decode()
    assert calcom.calls() == []
    held.refresh_from_db()
    assert (held.state, held.ended_at) == ("expired", past)


def test_a_colleagues_check_is_news_of_the_story(
    calcom: Sandbox, browser: Client, staff: User
) -> None:
    hold = verbs.place(staff)
    shown = browser.get(f"/holds/{hold.pk}/")
    browser.post(f"/holds/{hold.pk}/check")
    answer = ask(browser, f"/holds/{hold.pk}/poll", shown.context["etag"])
    assert answer.status_code == 200


def test_poll_of_an_unknown_hold_is_404(browser: Client, db: None) -> None:
    found = [browser.get(path).status_code for path in ("/holds/9/poll", "/offers/9/poll")]
    assert found == [404, 404]


class TestLookUp:
    def found(self, calcom: Sandbox, browser: Client, staff: User) -> tuple[str, str, str]:
        """Look up a reservation that is not in the register; return its uid, poll and ETag."""
        hold = verbs.place(staff)
        uid = hold.reservation_uid or ""
        Hold.objects.filter(pk=hold.pk).update(reservation_uid="elsewhere")
        page = browser.post("/look-up", {"uid": uid})
        assert page.status_code == 200
        return uid, page.context["poll_url"], page.context["etag"]

    def test_nothing_is_new_until_it_is_on_the_board(
        self, calcom: Sandbox, browser: Client, staff: User, colleague: User
    ) -> None:
        uid, poll, etag = self.found(calcom, browser, staff)
        calcom.forget_calls()
        assert ask(browser, poll, etag).status_code == 304
        taken = put(colleague, reservation_uid=uid)
        answer = ask(browser, poll, etag)
        assert (answer.status_code, root_element(answer)[1]) == (200, "found-live")
        assert f'href="/holds/{taken.pk}/"' in answer.content.decode()
        assert calcom.calls() == []
        assert [secret for secret in (uid, KEY) if secret in answer.content.decode()] == []

    def test_the_poll_of_another_session_tells_nothing(
        self, calcom: Sandbox, browser: Client, staff: User, colleague: User
    ) -> None:
        uid, poll, _etag = self.found(calcom, browser, staff)
        put(colleague, reservation_uid=uid)
        assert "It is on the board now" not in desk(colleague).get(poll).content.decode()


class TestPromise:
    """*We are holding … for you* stands only where that is known."""

    def page(self, browser: Client, hold: Hold) -> str:
        return markup(browser.get(f"/holds/{hold.pk}/"))

    def test_it_stands_on_the_page_of_a_quiet_live_hold(self, browser: Client, staff: User) -> None:
        assert "We are holding" in self.page(browser, put(staff))

    @pytest.mark.parametrize("verb", ["extend", "move", "release", "check", "settle"])
    def test_not_while_the_hold_is_being_changed(
        self, browser: Client, staff: User, verb: str
    ) -> None:
        until = timezone.now() + timedelta(minutes=1)
        by = None if verb == "settle" else staff
        hold = put(staff, claim_id=uuid4(), claim_until=until, claim_verb=verb, claim_by=by)
        page = self.page(browser, hold)
        assert "being changed" in page
        assert ("What you asked for is under way." in page) is (by is not None)
        assert "We are holding" not in page
        assert "Copy the sentence" not in page

    def test_not_after_the_end(self, browser: Client, staff: User) -> None:
        assert "We are holding" not in self.page(browser, put(staff, seconds=-1))


def test_unconfirmed_hold_offers_what_can_be_done(browser: Client, staff: User) -> None:
    latest = timezone.now() + timedelta(minutes=5)
    hold = put(staff, state="unconfirmed", reservation_uid=None, held_until=None, latest_end=latest)
    page = markup(browser.get(f"/holds/{hold.pk}/"))
    assert "Verify with cal.com" not in page
    for way in ("Wait until", f"/holds/new?again={hold.pk}", 'href="/look-up">Look up'):
        assert way in page
    assert "cal.com did not answer" not in page


@pytest.mark.parametrize("state", ["placing", "lost"])
def test_a_check_is_not_offered_where_it_is_refused(
    browser: Client, staff: User, state: str
) -> None:
    claim = {"claim_id": uuid4(), "claim_until": timezone.now() + timedelta(minutes=1)}
    fields = claim if state == "placing" else {"ended_at": timezone.now()}
    hold = put(staff, state=state, **fields)
    assert "Verify with cal.com" not in browser.get(f"/holds/{hold.pk}/").content.decode()


class TestSecondReservation:
    """An unanswered change by *new first* leaves a second reservation that may stand."""

    def test_page_tells_of_it_while_its_end_is_not_known(self, staff: User) -> None:
        hold = put(staff)
        second = put(
            staff,
            state="unconfirmed",
            reservation_uid=None,
            held_until=None,
            unanswered_since=timezone.now(),
            stands_in_for=hold,
        )
        page = markup(desk(staff).get(f"/holds/{hold.pk}/"))
        assert "Until when is not known before cal.com answers." in page
        assert f'href="/holds/{second.pk}/"' in page
