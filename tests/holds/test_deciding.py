"""One of an offer's times is kept and the others are released, in one action."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import bulk_release, offer_decision
from dashboard.holds.models import Hold, Upstream
from dashboard.holds.problems import HoldError
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import MONDAY, ONE
from tests.holds.concurrency import at_once, meanwhile
from tests.holds.desk import desk
from tests.holds.offering import HEADERS, keep, offered, send, states, untouched

pytestmark = pytest.mark.django_db(transaction=True)


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
        assert set(reasons) == {offer_decision.REASON}
        entries = AuditEntry.objects.filter(pk__gt=last)
        assert entries.values("request_id").distinct().count() == 1
        outcomes = entries.filter(kind="outcome").values_list("action", "hold", "outcome", "reason")
        assert sorted(outcomes) == sorted(
            [
                ("check", kept.pk, "ok", ""),
                ("release", holds[0].pk, "ok", offer_decision.REASON),
                ("release", holds[2].pk, "ok", offer_decision.REASON),
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
            rate_remaining=4 + bulk_release.KEPT_FOR_OTHERS,
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

        [won] = [end for end in ends if isinstance(end, offer_decision.Decision)]
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

        def dies(**_more: Any) -> list[bulk_release.Row]:
            raise KeyboardInterrupt

        monkeypatch.setattr(bulk_release, "release", dies)
        with pytest.raises(KeyboardInterrupt):
            keep(staff, offer, holds[0])
        monkeypatch.undo()
        Hold.objects.filter(pk=holds[0].pk).update(claim_until=timezone.now())

        desk(staff).get(f"/holds/{holds[0].pk}/")

        assert Hold.objects.get(pk=holds[0].pk).claim_id is None
        last = AuditEntry.objects.filter(hold=holds[0]).latest("id")
        assert (last.action, last.kind, last.error_code) == ("check", "outcome", "process_died")
        assert keep(staff, offer, holds[0]).is_whole
