"""Over HTTP, by the addresses, fields and answers that we promise: plainly and as htmx asks."""

from __future__ import annotations

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django.live_server_helper import LiveServer

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Booking, Sandbox
from tests.accounts.cast import PASSWORD
from tests.future_dates import BACK, FORWARD
from tests.holds import cast
from tests.holds.cast import CONSULT, GROUP, LATER, MONDAY, SHORT, STRANGERS, VARIABLE
from tests.holds.script_client import ASKED, VERBS, WISH, Outsider, beginning, fields, seen
from tests.script_visitor import Visitor

ROME = ZoneInfo("Europe/Rome")


class TestPlacing:
    def test_the_form_is_there(self, script: Outsider) -> None:
        page = script.get("/holds/new")
        assert (page.status_code, beginning(page)) == (200, script.begins("place"))

    def test_all_fields_arrive(self, script: Outsider, calcom: Sandbox) -> None:
        more = {"event_type_id": str(VARIABLE), "slot_duration": "45", "reservation_duration": "30"}
        answer = script.post("/holds/new", **WISH | more)
        hold = Hold.objects.get()
        assert "Grace &amp; Co" in seen(script, answer, hold)
        assert (hold.client_name, hold.client_contact, hold.note) == (
            "Grace & Co",
            "+39 06 123",
            "rang at nine",
        )
        [row] = calcom.live_rows()
        assert (row.event_type_id, row.start, row.end) == (
            VARIABLE,
            MONDAY,
            MONDAY + timedelta(minutes=45),
        )
        assert 1795 < cast.seconds_left(hold) <= 1800

    @pytest.mark.parametrize(
        "spelt",
        [
            f"{MONDAY:%Y-%m-%dT%H:%M:%SZ}",
            f"{MONDAY:%Y-%m-%dT%H:%M:%S.000Z}",
            MONDAY.astimezone(ROME).isoformat(),
            f"{MONDAY.astimezone(ROME):%Y-%m-%dT%H:%M}",
            f"{MONDAY.astimezone(ROME):%Y-%m-%d %H:%M}",
        ],
    )
    def test_a_start_may_be_spelt_in_several_ways(self, script: Outsider, spelt: str) -> None:
        hold = script.place(**WISH | {"slot_start": spelt})
        assert (hold.slot_start, hold.reservation_duration) == (MONDAY, 15)

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"event_type_id": ""}, "This field is required."),
            ({"event_type_id": "-1"}, "greater than or equal to 1"),
            ({"slot_start": ""}, "This field is required."),
            ({"slot_start": "tomorrow at ten"}, "Give a date and a time"),
            ({"slot_start": "2020-01-06T10:00:00Z"}, "This time is past"),
            ({"slot_start": f"{FORWARD}T02:30"}, "This hour does not exist in Europe/Rome"),
            ({"slot_start": f"{BACK}T02:30"}, "This hour exists twice in Europe/Rome"),
            ({"slot_duration": "30"}, "This event type has one length, 60 minutes"),
            ({"event_type_id": str(VARIABLE), "slot_duration": "20"}, "offers 15, 30, 45, 60, 180"),
            ({"reservation_duration": "0"}, "From 1 to 120 minutes from now are allowed."),
            ({"reservation_duration": "121"}, "From 1 to 120 minutes from now are allowed."),
            ({"event_type_id": "999"}, "cal.com knows no event type with this number."),
            ({"event_type_id": str(STRANGERS)}, "our key has no right to hold this event type"),
        ],
    )
    def test_what_cannot_be_is_a_422_that_keeps_what_was_typed(
        self, script: Outsider, calcom: Sandbox, wrong: dict[str, str], said: str
    ) -> None:
        token = str(uuid.uuid4())
        page = script.post("/holds/new", **WISH | wrong, token=token)
        assert (page.status_code, beginning(page)) == (422, script.begins("place"))
        shown = fields(page)
        assert said in page.content.decode()
        assert 'aria-invalid="true"' in page.content.decode()
        assert (shown["client_name"], shown["note"]) == ("Grace &amp; Co", "rang at nine")
        assert shown["token"] not in ("", token)
        assert calcom.live_rows() == []
        assert script.place(**WISH, token=shown["token"]).state == "held"

    @pytest.mark.parametrize(
        ("event_type", "taken", "said"),
        [
            (CONSULT, "held", "This time is already reserved by someone else."),
            (CONSULT, "booked", "This time is already booked at cal.com."),
            (GROUP, "full", "This time is full: no seats are left."),
        ],
    )
    def test_what_is_taken_is_a_409_that_keeps_what_was_typed(
        self, script: Outsider, calcom: Sandbox, event_type: int, taken: str, said: str
    ) -> None:
        if taken == "held":
            calcom.insert_hold(event_type, MONDAY)
        else:
            end, seats = MONDAY + timedelta(hours=1), 5 if taken == "full" else 1
            calcom.add_booking(Booking("a-booking", event_type, MONDAY, end, attendees=seats))
        wish = WISH | {"event_type_id": str(event_type)}
        page = script.post("/holds/new", **wish)
        assert (page.status_code, beginning(page)) == (409, script.begins("place"))
        assert said in page.content.decode()
        assert fields(page)["client_name"] == "Grace &amp; Co"
        assert fields(page)["token"] != ""
        assert Hold.objects.get().state == "refused"

    def test_a_repeated_token_leads_to_the_first_ones_hold(
        self, script: Outsider, calcom: Sandbox
    ) -> None:
        token = fields(script.get("/holds/new"))["token"]
        first = script.place(**WISH, token=token)
        again = script.post("/holds/new", **WISH, token=token)
        assert "Grace &amp; Co" in seen(script, again, first)
        assert len(calcom.calls("POST")) == 1

    def test_an_answer_that_never_came_leads_to_the_hold(
        self, script: Outsider, calcom: Sandbox
    ) -> None:
        calcom.faults.add("drop", when="after", method="POST")
        answer = script.post("/holds/new", **WISH)
        hold = Hold.objects.get()
        assert "cal.com did not answer" in seen(script, answer, hold)
        assert hold.state == "unconfirmed"


class TestLookingUp:
    UID = "5f1c7a52-1111-4222-8333-444455556666"

    def test_a_hold_that_we_know(self, script: Outsider, calcom: Sandbox) -> None:
        hold = script.place(**WISH)
        calcom.forget_calls()
        seen(script, script.post("/look-up", uid=str(hold.reservation_uid)), hold)
        assert [call.route for call in calcom.calls() if call.route == cast.ONE] == []

    def test_a_reservation_that_we_do_not_know_is_shown_and_taken_in(
        self, script: Outsider, calcom: Sandbox
    ) -> None:
        calcom.insert_hold(CONSULT, MONDAY, minutes=40, uid=self.UID)
        page = script.post("/look-up", uid=self.UID)
        assert (page.status_code, beginning(page)) == (200, script.begins("look-up"))
        assert "cal.com holds this time" in page.content.decode()
        assert Hold.objects.count() == 0
        find = fields(page)["find"]
        answer = script.post("/look-up", find=find, take="yes", client_name="Emmy Noether")
        hold = Hold.objects.get()
        assert "Emmy Noether" in seen(script, answer, hold)
        assert cast.rows(calcom) == [cast.register(hold)]

    def test_a_script_takes_it_in_with_the_uid_alone(
        self, script: Outsider, calcom: Sandbox
    ) -> None:
        calcom.insert_hold(CONSULT, MONDAY, minutes=40, uid=self.UID)
        client = {"client_name": "Emmy", "client_contact": "emmy@example.test", "note": "early"}
        answer = script.post("/look-up", uid=self.UID, take="yes", **client)
        hold = Hold.objects.get()
        seen(script, answer, hold)
        assert (hold.client_name, hold.client_contact, hold.note) == tuple(client.values())

    @pytest.mark.parametrize("take", ["", "yes"])
    def test_nothing_is_there(self, script: Outsider, take: str) -> None:
        page = script.post("/look-up", uid=self.UID, take=take)
        assert (page.status_code, beginning(page)) == (404, script.begins("look-up"))
        assert self.UID not in page.content.decode()

    @pytest.mark.parametrize("uid", ["", "a b/../c", "x" * 101])
    def test_what_is_no_uid_is_a_422_that_does_not_repeat_it(
        self, script: Outsider, calcom: Sandbox, uid: str
    ) -> None:
        page = script.post("/look-up", uid=uid)
        assert (page.status_code, beginning(page)) == (422, script.begins("look-up"))
        assert uid == "" or uid not in page.content.decode()
        assert calcom.calls() == []

    def test_cal_com_out_of_reach(self, script: Outsider, calcom: Sandbox) -> None:
        calcom.faults.add("429", seconds=30)
        page = script.post("/look-up", uid=self.UID)
        assert (page.status_code, beginning(page)) == (503, script.begins("look-up"))
        assert int(page.headers["Retry-After"]) <= 31


class TestTheBoard:
    def test_the_page(self, script: Outsider) -> None:
        page = script.get("/")
        assert (page.status_code, beginning(page)) == (200, script.begins("board"))

    def test_a_poll_asks_nobody_and_says_nothing_twice(
        self, script: Outsider, calcom: Sandbox
    ) -> None:
        hold = script.place(**WISH)
        calcom.forget_calls()
        news = script.get("/board")
        assert (news.status_code, beginning(news)) == (200, ("section", "board"))
        tag = news.headers["ETag"]
        nothing = script.get("/board", **{"If-None-Match": tag})
        assert (nothing.status_code, nothing.content) == (304, b"")
        assert nothing.headers["ETag"] == tag
        assert calcom.calls() == []
        script.post(f"/holds/{hold.pk}/extend", reservation_duration="30")
        calcom.forget_calls()
        changed = script.get("/board", **{"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag
        assert calcom.calls() == []


def test_nothing_is_done_without_the_token_against_forgery(script: Outsider) -> None:
    refused = script.browser.post("/holds/new", WISH)
    assert (refused.status_code, Hold.objects.count()) == (403, 0)


@pytest.mark.django_db(transaction=True)
def test_the_whole_journey_of_an_outsiders_script(
    live_server: LiveServer, calcom: Sandbox, staff: User, admin: User
) -> None:
    uid = calcom.insert_hold(SHORT, LATER, minutes=40).uid
    with Visitor(live_server.url) as script:
        assert script.sign_in("staff", PASSWORD) == 302
        placed = script.post("/holds/new", "/holds/new", **WISH)
        assert placed.status_code == 303
        page = placed.headers["Location"]
        said = [(placed.status_code, page)]
        for verb in VERBS:
            answer = script.post(page, page + verb, **ASKED[verb])
            said.append((answer.status_code, answer.headers["Location"]))
            assert script.get(page).status_code == 200
        assert said == [(303, page)] * 5
        found = script.post("/look-up", "/look-up", uid=uid)
        taken = script.post("/look-up", "/look-up", uid=uid, take="yes")
        assert (found.status_code, taken.status_code) == (200, 303)
        assert script.get("/audit/").status_code == 403
        assert uid not in found.text + script.get(taken.headers["Location"]).text
    with Visitor(live_server.url) as script:
        assert script.get("/audit/").headers["Location"] == "/accounts/login/?next=/audit/"
        assert script.sign_in("admin", PASSWORD) == 302
        log = script.get("/audit/").text
    done = ("placed", "checked", "extended", "moved", "released", "looked up", "into the register")
    assert [word for word in done if word not in log] == []
    assert [row.uid for row in calcom.live_rows()] == [uid]
