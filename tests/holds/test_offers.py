"""Several times for one client: placed one by one, and decided in one action."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import deciding, many, offers
from dashboard.holds.models import Hold, Offer, Upstream
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import MONDAY, ONE
from tests.holds.desk import ask, desk
from tests.holds.together import at_once, meanwhile

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}
HEADERS = pytest.mark.parametrize("headers", [None, HTMX], ids=["plain", "htmx"])


def offered(user: User, count: int = 3) -> tuple[int, list[Hold]]:
    """An offer of so many times, two hours apart."""
    first = cast.place(user)
    offer = offers.start(hold_id=first.pk, by=cast.acting(user), now=timezone.now())
    more = [
        cast.place(user, start=MONDAY + timedelta(hours=2 * n), offer=offer.pk)
        for n in range(1, count)
    ]
    return offer.pk, [first, *more]


def keep(user: User, offer: int, hold: Hold, **more: Any) -> deciding.Decision:
    return deciding.keep(
        offer_id=offer, hold_id=hold.pk, by=cast.acting(user), now=timezone.now(), **more
    )


def send(user: User, offer: int, hold: Hold, *, headers: Any = None, **form: Any) -> HttpResponse:
    return desk(user).post(f"/offers/{offer}/keep", {"hold": hold.pk, **form}, headers=headers)


def states(holds: list[Hold]) -> list[str]:
    return [Hold.objects.get(pk=hold.pk).state for hold in holds]


def untouched(calcom: Sandbox, holds: list[Hold]) -> None:
    assert states(holds) == ["held"] * len(holds)
    assert cast.rows(calcom) == sorted(cast.register(hold) for hold in holds)
    assert calcom.calls("DELETE") == []


class TestMakingAnOffer:
    def test_a_second_time_is_for_the_same_client(self, calcom: Sandbox, staff: User) -> None:
        browser = desk(staff)
        first = cast.place(staff)

        led = browser.post("/offers/new", {"hold": first.pk})
        page = browser.get(led["Location"])
        placed = ask(
            browser,
            offer=Offer.objects.get().pk,
            slot_start=cast.LATER.isoformat(),
            client_name="somebody else",
            note="the later one",
        )

        offer = Offer.objects.get()
        assert (led.status_code, led["Location"]) == (303, f"/holds/new?offer={offer.pk}")
        form = page.context["form"]
        assert (form["client_name"].value(), form["client_contact"].value()) == (
            "Grace",
            "grace@example.test",
        )
        assert form["event_type_id"].value() == first.event_type_id
        assert placed.status_code == 303
        second = Hold.objects.get(slot_start=cast.LATER)
        assert (second.offer_id, second.client_name, second.client_contact, second.note) == (
            offer.pk,
            "Grace",
            "grace@example.test",
            "the later one",
        )
        assert list(offers.of(offer.pk)) == [first, second]
        intent = AuditEntry.objects.get(action="place", kind="intent", hold=second)
        assert intent.asked["offer"] == offer.pk

    @HEADERS
    def test_placing_can_lead_on_to_another_time(
        self, calcom: Sandbox, staff: User, headers: Any
    ) -> None:
        browser = desk(staff)
        wish = {
            "event_type_id": 1,
            "slot_start": MONDAY.isoformat(),
            "client_name": "Grace",
            "then": "offer",
        }

        answer = browser.post("/holds/new", wish, headers=headers)

        offer = Offer.objects.get()
        assert (answer.status_code, answer["Location"]) == (303, f"/holds/new?offer={offer.pk}")
        assert Hold.objects.get().offer == offer

    def test_asking_twice_makes_one_offer(self, calcom: Sandbox, staff: User) -> None:
        hold = cast.place(staff)

        ends = at_once(
            *[
                lambda: offers.start(hold_id=hold.pk, by=cast.acting(staff), now=timezone.now())
                for _ in range(2)
            ]
        )

        assert ends == [Offer.objects.get()] * 2

    def test_the_page_names_nobody_in_its_address(self, calcom: Sandbox, staff: User) -> None:
        offer, _holds = offered(staff, 2)

        page = desk(staff).get(f"/holds/new?offer={offer}").content.decode()

        addresses = re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', page)
        assert [address for address in addresses if "race" in address] == []
        assert 'name="client_name" value="Grace"' in page

    def test_five_are_the_most(self, calcom: Sandbox, staff: User) -> None:
        offer, _holds = offered(staff, offers.MOST)
        sixth = MONDAY + timedelta(weeks=1)

        with pytest.raises(HoldError) as full:
            cast.place(staff, start=sixth, offer=offer)

        assert (full.value.cause, full.value.status) == ("offer_is_full", 409)
        assert Hold.objects.filter(slot_start=sixth).count() == 0
        assert len(calcom.calls("POST")) == offers.MOST

    def test_two_who_add_the_fifth_at_once_do_not_make_six(
        self, calcom: Sandbox, staff: User, admin: User
    ) -> None:
        offer, _holds = offered(staff, offers.MOST - 1)

        ends = at_once(
            lambda: cast.place(staff, start=MONDAY + timedelta(weeks=1), offer=offer),
            lambda: cast.place(admin, start=MONDAY + timedelta(weeks=2), offer=offer),
        )

        assert [getattr(end, "cause", "placed") for end in ends].count("placed") == 1
        assert offers.still_open(offer).count() == offers.MOST

    def test_a_refused_time_is_not_one_of_the_offer(self, calcom: Sandbox, staff: User) -> None:
        offer, holds = offered(staff, 2)
        taken = MONDAY + timedelta(weeks=1)
        calcom.insert_hold(cast.CONSULT, taken)

        answer = ask(desk(staff), offer=offer, slot_start=taken.isoformat())

        assert answer.status_code == 409
        assert f'name="offer" value="{offer}"' in answer.content.decode()
        assert list(offers.of(offer)) == holds

    def test_a_stranger_to_the_offer_adds_nothing(
        self, calcom: Sandbox, staff: User, colleague: User
    ) -> None:
        offer, _holds = offered(staff, 2)

        answer = ask(desk(colleague), offer=offer, slot_start=MONDAY + timedelta(weeks=1))

        assert answer.status_code == 403
        assert offers.still_open(offer).count() == 2

    @pytest.mark.parametrize("offer", ["999", "x", "-1", "9" * 30])
    def test_an_offer_that_does_not_exist_is_refused(
        self, calcom: Sandbox, staff: User, offer: str
    ) -> None:
        answer = ask(desk(staff), offer=offer)

        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["offer"])
        assert calcom.calls("POST") == []

    @pytest.mark.parametrize("hold", ["", "x", "999", "9" * 30])
    def test_no_hold_begins_no_offer(self, calcom: Sandbox, staff: User, hold: str) -> None:
        assert desk(staff).post("/offers/new", {"hold": hold}).status_code == 404

    def test_what_has_ended_begins_no_offer(self, calcom: Sandbox, staff: User) -> None:
        hold = cast.place(staff)
        cast.release(staff, hold)

        assert desk(staff).post("/offers/new", {"hold": hold.pk}).status_code == 409
        assert Offer.objects.count() == 0


class TestDeciding:
    @HEADERS
    def test_one_is_kept_and_the_rest_released_under_one_request(
        self, calcom: Sandbox, staff: User, headers: Any
    ) -> None:
        offer, holds = offered(staff)
        kept = Hold.objects.get(pk=holds[1].pk)
        AuditEntry.objects.filter()  # what went before does not count below
        last = AuditEntry.objects.latest("id").pk

        answer = send(staff, offer, kept, headers=headers)

        assert (answer.status_code, answer["Location"]) == (303, f"/holds/{kept.pk}/")
        assert states(holds) == ["released", "held", "released"]
        assert cast.rows(calcom) == [cast.register(kept)]
        now = Hold.objects.get(pk=kept.pk)
        assert (now.held_until, now.claim_id, now.change) == (kept.held_until, None, None)
        reasons = Hold.objects.filter(state="released").values_list("end_reason", flat=True)
        assert set(reasons) == {deciding.REASON}
        entries = AuditEntry.objects.filter(pk__gt=last)
        assert entries.values("request_id").distinct().count() == 1
        outcomes = entries.filter(kind="outcome").values_list("action", "hold", "outcome", "reason")
        assert sorted(outcomes) == sorted(
            [
                ("check", kept.pk, "ok", ""),
                ("release", holds[0].pk, "ok", deciding.REASON),
                ("release", holds[2].pk, "ok", deciding.REASON),
            ]
        )
        page = desk(staff).get(f"/holds/{holds[0].pk}/").content.decode()
        assert "the client chose another time of the offer" in page

    def test_the_kept_one_is_looked_at_before_anything_is_given_up(
        self, calcom: Sandbox, staff: User
    ) -> None:
        offer, holds = offered(staff)
        [uid] = [uid for _type, start, uid in cast.rows(calcom) if start == holds[1].slot_start]
        calcom.remove_holds(uid)

        answer = send(staff, offer, holds[1])

        assert answer.status_code == 409
        assert "This hold has already ended: gone." in answer.content.decode()
        assert states(holds) == ["held", "gone", "held"]
        assert calcom.calls("DELETE") == []

    def test_one_that_was_moved_outside_is_not_kept_unseen(
        self, calcom: Sandbox, staff: User
    ) -> None:
        offer, holds = offered(staff)
        uid = holds[1].reservation_uid
        [row] = [row for row in calcom.rows() if row.uid == uid]
        calcom.remove_holds(uid)
        calcom.insert_hold(row.event_type_id, row.start + timedelta(days=3), uid=uid)

        with pytest.raises(HoldError) as refused:
            keep(staff, offer, holds[1])

        assert refused.value.cause == "changed_outside"
        assert states(holds) == ["held"] * 3
        assert calcom.calls("DELETE") == []
        assert Hold.objects.get(pk=holds[1].pk).claim_id is None

    def test_one_that_has_ended_is_not_kept(self, calcom: Sandbox, staff: User) -> None:
        offer, holds = offered(staff)
        cast.release(staff, holds[1])
        deletes = len(calcom.calls("DELETE"))

        with pytest.raises(HoldError) as refused:
            keep(staff, offer, holds[1])

        assert refused.value.cause == "has_ended"
        assert states(holds) == ["held", "released", "held"]
        assert len(calcom.calls("DELETE")) == deletes

    @pytest.mark.parametrize("fault", ["429", "500", "drop"])
    def test_a_cal_com_that_cannot_be_asked_leaves_all_as_it_is(
        self, calcom: Sandbox, staff: User, fault: str
    ) -> None:
        offer, holds = offered(staff)
        calcom.faults.add(fault, when="before", method="GET", route=ONE, count=None)

        answer = send(staff, offer, holds[0])

        assert answer.status_code == 503
        untouched(calcom, holds)
        assert Hold.objects.get(pk=holds[0].pk).claim_id is None

    def test_too_little_room_for_all_begins_nothing(self, calcom: Sandbox, staff: User) -> None:
        offer, holds = offered(staff)
        Upstream.objects.update(
            rate_limit=120,
            rate_remaining=4 + many.KEPT_FOR_OTHERS,
            rate_resets_at=timezone.now() + timedelta(seconds=30),
        )

        answer = send(staff, offer, holds[0])

        assert (answer.status_code, int(answer["Retry-After"]) in (29, 30)) == (503, True)
        untouched(calcom, holds)
        assert calcom.calls("GET", ONE) == []

    @HEADERS
    def test_what_could_not_be_released_is_told_row_by_row(
        self, calcom: Sandbox, staff: User, headers: Any
    ) -> None:
        offer, holds = offered(staff, 4)
        calcom.faults.add("drop", when="before", method="DELETE", skip=1, count=3)

        answer = send(staff, offer, holds[0], headers=headers)

        assert answer.status_code == 200
        assert [result["word"] for result in answer.context["results"]] == [
            "done",
            "unknown",
            "done",
        ]
        assert states(holds) == ["held", "released", "held", "released"]
        assert Hold.objects.get(pk=holds[2].pk).change is not None  # settling goes on with it
        assert answer.content.decode().startswith("<section" if headers else "<!doctype")

    def test_a_colleagues_hold_of_the_offer_stays_theirs(
        self, calcom: Sandbox, staff: User, admin: User
    ) -> None:
        offer, holds = offered(staff, 2)
        theirs = cast.place(admin, start=MONDAY + timedelta(weeks=1), offer=offer)

        decision = keep(staff, offer, holds[0])

        assert [str(row.ending) for row in decision.rows] == ["released", "refused"]
        assert (decision.is_whole, states([theirs])) == (False, ["held"])

    def test_only_whoever_holds_it_keeps_it(
        self, calcom: Sandbox, staff: User, colleague: User
    ) -> None:
        offer, holds = offered(staff)

        assert send(colleague, offer, holds[0]).status_code == 403
        untouched(calcom, holds)

    def test_a_hold_of_another_offer_decides_nothing(self, calcom: Sandbox, staff: User) -> None:
        offer, holds = offered(staff, 2)
        other = cast.place(staff, start=MONDAY + timedelta(weeks=1))

        assert send(staff, offer, other).status_code == 409
        untouched(calcom, [*holds, other])

    def test_a_page_older_than_the_kept_hold_decides_nothing(
        self, calcom: Sandbox, staff: User
    ) -> None:
        offer, holds = offered(staff)
        seen = Hold.objects.get(pk=holds[0].pk).version
        cast.extend(staff, holds[0])

        answer = send(staff, offer, holds[0], **{f"version_{holds[0].pk}": seen})

        assert answer.status_code == 409
        untouched(calcom, holds)

    def test_a_page_older_than_one_of_the_rest_releases_the_others(
        self, calcom: Sandbox, staff: User
    ) -> None:
        offer, holds = offered(staff)
        seen = Hold.objects.get(pk=holds[1].pk).version
        cast.extend(staff, holds[1])

        decision = keep(staff, offer, holds[0], versions={holds[1].pk: seen})

        assert [str(row.ending) for row in decision.rows] == ["refused", "released"]
        assert states(holds) == ["held", "held", "released"]

    def test_the_last_one_left_is_simply_kept(self, calcom: Sandbox, staff: User) -> None:
        offer, holds = offered(staff, 1)

        decision = keep(staff, offer, holds[0])

        assert (decision.rows, states(holds)) == ([], ["held"])

    @pytest.mark.parametrize("hold", ["", "x", "999999", "9" * 30])
    def test_no_hold_is_no_decision(self, calcom: Sandbox, staff: User, hold: str) -> None:
        offer, holds = offered(staff, 2)

        assert desk(staff).post(f"/offers/{offer}/keep", {"hold": hold}).status_code == 404
        untouched(calcom, holds)


class TestTwoAtOnce:
    def test_of_two_who_decide_differently_one_wins_and_one_time_stays(
        self, calcom: Sandbox, staff: User, admin: User
    ) -> None:
        offer, holds = offered(staff)
        calcom.faults.add("delay", when="before", method="GET", route=ONE, seconds=0.3, count=None)

        ends = at_once(lambda: keep(staff, offer, holds[0]), lambda: keep(admin, offer, holds[2]))

        [won] = [end for end in ends if isinstance(end, deciding.Decision)]
        [lost] = [end for end in ends if isinstance(end, HoldError)]
        assert lost.cause == "being_decided"
        assert lost.problem.happened in {
            "staff is deciding on this offer at this moment.",
            "admin is deciding on this offer at this moment.",
        }
        assert cast.rows(calcom) == [cast.register(won.kept)]
        assert sorted(states(holds)) == ["held", "released", "released"]

    def test_a_second_decision_finds_its_time_released(
        self, calcom: Sandbox, staff: User, admin: User
    ) -> None:
        offer, holds = offered(staff)
        keep(staff, offer, holds[0])

        with pytest.raises(HoldError) as late:
            keep(admin, offer, holds[2])

        assert late.value.cause == "has_ended"
        assert states(holds) == ["held", "released", "released"]

    def test_nobody_releases_what_is_being_kept(
        self, calcom: Sandbox, staff: User, admin: User
    ) -> None:
        offer, holds = offered(staff, 2)
        fault = calcom.faults.add("delay", when="before", method="DELETE", seconds=1.0)

        with meanwhile(
            lambda: keep(staff, offer, holds[0]), until=lambda: calcom.faults.hits(fault) == 1
        ):
            with pytest.raises(HoldError) as told:
                cast.release(admin, holds[0])
            with pytest.raises(HoldError) as full:
                cast.place(staff, start=MONDAY + timedelta(weeks=1), offer=offer)

        assert told.value.problem.happened == (
            "staff is deciding on an offer with this hold at this moment."
        )
        assert full.value.cause == "being_decided"
        assert states(holds) == ["held", "released"]

    def test_a_decision_that_died_ends_by_itself(
        self, calcom: Sandbox, staff: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        offer, holds = offered(staff)

        def dies(**_more: Any) -> list[many.Row]:
            raise KeyboardInterrupt

        monkeypatch.setattr(many, "release", dies)
        with pytest.raises(KeyboardInterrupt):
            keep(staff, offer, holds[0])
        monkeypatch.undo()
        Hold.objects.filter(pk=holds[0].pk).update(claim_until=timezone.now())

        desk(staff).get(f"/holds/{holds[0].pk}/")

        assert Hold.objects.get(pk=holds[0].pk).claim_id is None
        last = AuditEntry.objects.filter(hold=holds[0]).latest("id")
        assert (last.action, last.kind, last.error_code) == ("check", "outcome", "process_died")
        assert keep(staff, offer, holds[0]).is_whole


class TestWhatIsShown:
    def test_the_page_of_an_offer_lists_its_times(
        self, calcom: Sandbox, staff: User, colleague: User
    ) -> None:
        offer, holds = offered(staff)
        cast.release(staff, holds[1])

        page = desk(staff).get(f"/offers/{offer}/")
        theirs = desk(colleague).get(f"/offers/{offer}/").content.decode()

        assert [(row.pk, row.acts) for row in page.context["rows"]] == [
            (holds[0].pk, True),
            (holds[1].pk, False),
            (holds[2].pk, True),
        ]
        text = page.content.decode()
        assert text.count("Keep this, release the rest") == 2
        assert f'href="/holds/new?offer={offer}"' in text
        assert "Keep this, release the rest" not in theirs
        assert "Grace" in theirs

    def test_hold_and_board_say_that_it_is_one_of_several(
        self, calcom: Sandbox, staff: User
    ) -> None:
        offer, holds = offered(staff)
        alone = cast.place(staff, start=MONDAY + timedelta(weeks=1))
        browser = desk(staff)

        board = browser.get("/").content.decode()

        tag = re.compile(
            rf'<tr id="h(\d+)"(?:(?!<tr).)*href="/offers/{offer}/"[^>]*>([^<]*)<', re.S
        )
        assert tag.findall(board) == [
            (str(hold.pk), f"{number} of 3") for number, hold in enumerate(holds, start=1)
        ]
        assert "2 of 3" in browser.get(f"/holds/{holds[1].pk}/").content.decode()
        assert "/offers/" not in browser.get(f"/holds/{alone.pk}/").content.decode().replace(
            "/offers/new", ""
        )

    def test_the_board_tells_when_another_of_the_offer_has_ended(
        self, calcom: Sandbox, staff: User
    ) -> None:
        _offer, holds = offered(staff)
        browser = desk(staff)
        before = browser.get("/board")
        cast.release(staff, holds[0])

        after = browser.get("/board", headers={"If-None-Match": before["ETag"]})

        assert after.status_code == 200
        assert re.findall(r"\d of \d", after.content.decode()) == ["1 of 2", "2 of 2"]
        cast.release(staff, holds[1])
        assert re.findall(r"\d of \d", browser.get("/board").content.decode()) == []

    @pytest.mark.parametrize("address", ["/offers/999/", f"/offers/{2**70}/"])
    def test_there_is_no_page_of_no_offer(self, calcom: Sandbox, staff: User, address: str) -> None:
        assert desk(staff).get(address).status_code == 404

    def test_the_number_of_queries_does_not_grow_with_the_offer(
        self, calcom: Sandbox, staff: User, django_assert_max_num_queries: Any
    ) -> None:
        small, _holds = offered(staff, 2)
        browser = desk(staff)
        browser.get(f"/offers/{small}/")
        with django_assert_max_num_queries(40) as two:
            browser.get(f"/offers/{small}/")
        for day in (1, 2, 3):
            cast.place(staff, start=MONDAY + timedelta(weeks=day), offer=small)

        with django_assert_max_num_queries(len(two)):
            browser.get(f"/offers/{small}/")
