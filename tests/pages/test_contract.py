"""Use the HTTP contract: placing, looking up and the board, with and without htmx."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Booking, Sandbox
from tests.accounts.cast import PASSWORD
from tests.future_dates import BACK, FORWARD
from tests.holds.observe import at_cal_com, in_register, is_held_for
from tests.holds.verbs import CONSULT, GROUP, LATER, MONDAY, SHORT, STRANGERS, VARIABLE
from tests.pages.script_client import (
    PLACE_FIELDS,
    VERB_FIELDS,
    VERBS,
    ScriptClient,
    both_ways,
    fields,
    follow,
    root_element,
)
from tests.script_visitor import Visitor


class TestPlacing:
    @both_ways
    def test_form_is_shown(self, script: ScriptClient) -> None:
        page = script.get("/holds/new")
        assert (page.status_code, root_element(page)) == (200, script.expected_root("place"))

    @both_ways
    def test_all_fields_are_used(self, script: ScriptClient, calcom: Sandbox) -> None:
        more = {"event_type_id": str(VARIABLE), "slot_duration": "45", "reservation_duration": "30"}
        begun = timezone.now()
        answer = script.post("/holds/new", **PLACE_FIELDS | more)
        hold = Hold.objects.get()
        assert "Grace &amp; Co" in follow(script, answer, hold)
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
        assert is_held_for(hold, 30, since=begun)

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"event_type_id": ""}, "Fill in this field."),
            ({"event_type_id": "-1"}, "Not below 1."),
            ({"slot_start": ""}, "Choose a free time, or enter one."),
            ({"slot_start": "tomorrow at ten"}, "Give a date and a time"),
            ({"slot_start": "2020-01-06T10:00:00Z"}, "This time is past"),
            ({"slot_start": f"{FORWARD}T02:30"}, "This hour does not exist in Europe/Rome"),
            ({"slot_start": f"{BACK}T02:30"}, "This hour exists twice in Europe/Rome"),
            ({"slot_duration": "30"}, "This event type has one length, 60 minutes"),
            ({"event_type_id": str(VARIABLE), "slot_duration": "20"}, "offers 15, 30, 45, 60, 180"),
            ({"reservation_duration": "0"}, "Enter 1 to 120 minutes from now."),
            ({"reservation_duration": "121"}, "Enter 1 to 120 minutes from now."),
            ({"event_type_id": "999"}, "cal.com knows no event type with this number."),
            ({"event_type_id": str(STRANGERS)}, "the key may not hold this event type"),
        ],
    )
    def test_invalid_values_are_a_422_that_keeps_the_form(
        self, script: ScriptClient, calcom: Sandbox, wrong: dict[str, str], said: str
    ) -> None:
        token = str(uuid.uuid4())
        page = script.post("/holds/new", **PLACE_FIELDS | wrong, token=token)
        assert (page.status_code, root_element(page)) == (422, script.expected_root("place"))
        shown = fields(page)
        assert said in page.content.decode()
        assert 'aria-invalid="true"' in page.content.decode()
        assert re.search(r"<title[^>]*>\s*Error:", page.content.decode())
        assert (shown["client_name"], shown["note"]) == ("Grace &amp; Co", "rang at nine")
        assert shown["token"] not in ("", token)
        assert calcom.live_rows() == []

    @both_ways
    def test_form_of_a_422_can_be_sent_again(self, script: ScriptClient) -> None:
        page = script.post("/holds/new", **PLACE_FIELDS | {"slot_start": ""})
        assert (page.status_code, root_element(page)) == (422, script.expected_root("place"))
        assert script.place(**PLACE_FIELDS, token=fields(page)["token"]).state == "held"

    @both_ways
    @pytest.mark.parametrize(
        ("event_type", "taken", "said"),
        [
            (CONSULT, "held", "This time is already reserved at cal.com."),
            (CONSULT, "booked", "This time is already booked at cal.com."),
            (GROUP, "full", "This time is full: no seats are left."),
        ],
    )
    def test_taken_slot_is_a_409_that_keeps_the_form(
        self, script: ScriptClient, calcom: Sandbox, event_type: int, taken: str, said: str
    ) -> None:
        if taken == "held":
            calcom.insert_reservation(event_type, MONDAY)
        else:
            end, seats = MONDAY + timedelta(hours=1), 5 if taken == "full" else 1
            calcom.add_booking(Booking("a-booking", event_type, MONDAY, end, attendees=seats))
        wish = PLACE_FIELDS | {"event_type_id": str(event_type)}
        page = script.post("/holds/new", **wish)
        assert (page.status_code, root_element(page)) == (409, script.expected_root("place"))
        assert said in page.content.decode()
        assert fields(page)["client_name"] == "Grace &amp; Co"
        assert fields(page)["token"] != ""
        assert Hold.objects.get().state == "refused"


class TestLookUp:
    UID = "5f1c7a52-1111-4222-8333-444455556666"

    @both_ways
    def test_unknown_reservation_is_shown_and_taken_in(
        self, script: ScriptClient, calcom: Sandbox
    ) -> None:
        calcom.insert_reservation(CONSULT, MONDAY, minutes=40, uid=self.UID)
        page = script.post("/look-up", uid=self.UID)
        assert (page.status_code, root_element(page)) == (200, script.expected_root("look-up"))
        assert "cal.com holds this time" in page.content.decode()
        assert Hold.objects.count() == 0
        find = fields(page)["find"]
        answer = script.post("/look-up", find=find, take="yes", client_name="Emmy Noether")
        hold = Hold.objects.get()
        assert "Emmy Noether" in follow(script, answer, hold)
        assert at_cal_com(calcom) == in_register(hold)

    def test_script_takes_in_by_the_uid_alone(self, script: ScriptClient, calcom: Sandbox) -> None:
        calcom.insert_reservation(CONSULT, MONDAY, minutes=40, uid=self.UID)
        client = {"client_name": "Emmy", "client_contact": "emmy@example.test", "note": "early"}
        answer = script.post("/look-up", uid=self.UID, take="yes", **client)
        hold = Hold.objects.get()
        follow(script, answer, hold)
        assert (hold.client_name, hold.client_contact, hold.note) == tuple(client.values())

    @pytest.mark.parametrize("take", ["", "yes"])
    def test_missing_reservation_is_a_404(self, script: ScriptClient, take: str) -> None:
        page = script.post("/look-up", uid=self.UID, take=take, client_name="Emmy")
        assert (page.status_code, root_element(page)) == (404, script.expected_root("look-up"))
        assert (fields(page).get("client_name") == "Emmy") is (take == "yes")
        assert self.UID not in page.content.decode()

    @both_ways
    @pytest.mark.parametrize("uid", ["", "a b/../c", "x" * 101])
    def test_invalid_uid_is_a_422_that_does_not_repeat_it(
        self, script: ScriptClient, calcom: Sandbox, uid: str
    ) -> None:
        page = script.post("/look-up", uid=uid)
        assert (page.status_code, root_element(page)) == (422, script.expected_root("look-up"))
        assert uid == "" or uid not in page.content.decode()
        assert calcom.calls() == []

    @both_ways
    def test_rate_limit_is_a_503(self, script: ScriptClient, calcom: Sandbox) -> None:
        calcom.faults.add("429", seconds=30)
        page = script.post("/look-up", uid=self.UID)
        assert (page.status_code, root_element(page)) == (503, script.expected_root("look-up"))
        assert int(page.headers["Retry-After"]) <= 31

    @both_ways
    def test_refused_addition_keeps_what_was_typed(
        self, script: ScriptClient, calcom: Sandbox
    ) -> None:
        calcom.insert_reservation(CONSULT, MONDAY, minutes=40, uid=self.UID)
        found = fields(script.post("/look-up", uid=self.UID))
        calcom.faults.add("502", count=None)
        client = {"client_name": "Emmy", "client_contact": "emmy@example.test", "note": "early"}
        refused = script.post("/look-up", **found | client)
        sent = fields(refused)
        assert (refused.status_code, {name: sent[name] for name in client}) == (503, client)
        calcom.faults.clear()
        follow(script, script.post("/look-up", **sent), Hold.objects.get())


class TestBoard:
    @both_ways
    def test_page(self, script: ScriptClient) -> None:
        page = script.get("/")
        assert (page.status_code, root_element(page)) == (200, script.expected_root("board"))


def test_post_without_csrf_token_is_refused(script: ScriptClient) -> None:
    refused = script.browser.post("/holds/new", PLACE_FIELDS)
    assert (refused.status_code, Hold.objects.count()) == (403, 0)


@pytest.mark.django_db(transaction=True)
def test_script_uses_the_whole_contract(
    live_server: LiveServer, calcom: Sandbox, staff: User, admin: User
) -> None:
    uid = calcom.insert_reservation(SHORT, LATER, minutes=40).uid
    with Visitor(live_server.url) as script:
        assert script.sign_in("staff", PASSWORD) == 302
        placed = script.post("/holds/new", "/holds/new", **PLACE_FIELDS)
        assert placed.status_code == 303
        page = placed.headers["Location"]
        said = [(placed.status_code, page)]
        for verb in VERBS:
            answer = script.post(page, page + verb, **VERB_FIELDS[verb])
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
    done = ("placed", "verified", "extended", "moved", "released", "looked up", "to the board")
    assert [word for word in done if word not in log] == []
    assert [row.uid for row in calcom.live_rows()] == [uid]
