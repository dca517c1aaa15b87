"""Use the HTTP contract of changing a hold: results, access, cal.com unavailable."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.localization import local_times
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register, is_held_for
from tests.holds.verbs import CONSULT, LATER, MONDAY, SHORT
from tests.pages.desk import page_of
from tests.pages.script_client import (
    PLACE_FIELDS,
    VERB_FIELDS,
    VERBS,
    ScriptClient,
    both_ways,
    fields,
    follow,
    reload,
    root_element,
)

ROME = ZoneInfo("Europe/Rome")


class TestCalComUnavailable:
    def test_rate_limit_is_a_503_with_retry_after(
        self, script: ScriptClient, calcom: Sandbox
    ) -> None:
        calcom.faults.add("429", method="POST", seconds=30)
        page = script.post("/holds/new", **PLACE_FIELDS)
        assert (page.status_code, root_element(page)) == (503, script.expected_root("place"))
        assert page.headers["Retry-After"] == "30"
        assert fields(page)["client_name"] == "Grace &amp; Co"

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"CALCOM_API_KEY": "cal_nobodys0123456789"}, "cal.com does not accept the key."),
            ({"CALCOM_API_URL": "{url}/elsewhere"}, "does not know the address that was asked"),
            ({"CALCOM_API_URL": "http://127.0.0.1:9"}, "cal.com cannot be reached."),
        ],
    )
    def test_wrong_setup_is_a_503_for_the_operator(
        self,
        script: ScriptClient,
        settings: pytest.FixtureRequest,
        wrong: dict[str, str],
        said: str,
    ) -> None:
        for name, value in wrong.items():
            setattr(settings, name, value.format(url=script.calcom.url))
        page = script.post("/holds/new", **PLACE_FIELDS)
        assert (page.status_code, root_element(page)) == (503, script.expected_root("place"))
        assert said in page.content.decode()
        assert "tell the operator" in page.content.decode().lower()
        assert "Retry-After" not in page.headers

    @both_ways
    @pytest.mark.parametrize("verb", VERBS)
    def test_every_verb_is_a_503_and_the_hold_stands(
        self, script: ScriptClient, calcom: Sandbox, verb: str
    ) -> None:
        hold = script.place(**PLACE_FIELDS)
        calcom.faults.add("429", seconds=30)
        page = script.post(f"/holds/{hold.pk}/{verb}", **VERB_FIELDS[verb])
        part = "move" if verb == "move" else "hold"
        assert (page.status_code, root_element(page)) == (503, script.expected_root(part))
        assert int(page.headers["Retry-After"]) <= 31
        assert at_cal_com(calcom) == in_register(hold)


class TestChanges:
    @both_ways
    def test_check(self, script: ScriptClient, calcom: Sandbox) -> None:
        hold = script.place(**PLACE_FIELDS)
        answer = script.post(f"/holds/{hold.pk}/check")
        assert "cal.com confirms it" in follow(script, answer, hold)
        calcom.remove_reservations()
        answer = script.post(f"/holds/{hold.pk}/check")
        assert "cal.com no longer has this hold" in follow(script, answer, hold)
        assert reload(hold).state == "gone"

    @both_ways
    def test_check_of_several(self, script: ScriptClient, calcom: Sandbox) -> None:
        holds = [
            script.place(**PLACE_FIELDS | {"slot_start": at.isoformat()}) for at in (MONDAY, LATER)
        ]
        calcom.forget_calls()
        answer = script.post("/check", hold=[str(hold.pk) for hold in holds])
        assert (answer.status_code, root_element(answer)) == (200, script.expected_root("board"))
        assert len(calcom.calls("GET", verbs.ONE)) == 2
        assert "cal.com has 2 of 2 holds as they stand here." in answer.content.decode()

    @both_ways
    def test_extend(self, script: ScriptClient) -> None:
        hold = script.place(**PLACE_FIELDS)
        begun = timezone.now()
        answer = script.post(f"/holds/{hold.pk}/extend", reservation_duration="30")
        assert "is held until" in follow(script, answer, hold)
        assert is_held_for(hold, 30, since=begun)

    @both_ways
    @pytest.mark.parametrize(
        ("minutes", "said"),
        [("5", "would shorten it"), ("500", "Enter 1 to 120"), ("soon", "Enter a whole number.")],
    )
    def test_refused_extension_keeps_the_form(
        self, script: ScriptClient, minutes: str, said: str
    ) -> None:
        hold = script.place(**PLACE_FIELDS)
        page = script.post(f"/holds/{hold.pk}/extend", reservation_duration=minutes)
        assert (page.status_code, root_element(page)) == (422, script.expected_root("hold"))
        assert said in page.content.decode()
        assert fields(page)["reservation_duration"] == minutes
        assert fields(page)["version"] == str(reload(hold).version)

    @both_ways
    def test_move_is_previewed(self, script: ScriptClient, calcom: Sandbox) -> None:
        hold = script.place(**PLACE_FIELDS)
        page = script.get(f"/holds/{hold.pk}/move?slot_start={LATER:%Y-%m-%dT%H:%M:%SZ}")
        assert (page.status_code, root_element(page)) == (200, script.expected_root("move"))
        assert calcom.calls("PATCH") == []
        asked = {"slot_start": LATER.isoformat(), "reservation_duration": "20"}
        begun = timezone.now()
        answer = script.post(f"/holds/{hold.pk}/move", **asked)
        assert "Moved:" in follow(script, answer, hold)
        assert reload(hold).slot_start == LATER
        assert is_held_for(hold, 20, since=begun)

    def test_move_to_another_event_type(self, script: ScriptClient, calcom: Sandbox) -> None:
        hold = script.place(**PLACE_FIELDS)
        asked = {"slot_start": LATER.isoformat(), "event_type_id": str(SHORT)}
        follow(script, script.post(f"/holds/{hold.pk}/move", **asked), hold)
        assert [row.event_type_id for row in calcom.live_rows()] == [SHORT]

    @both_ways
    def test_move_to_a_taken_slot_is_a_409_that_keeps_the_form(
        self, script: ScriptClient, calcom: Sandbox
    ) -> None:
        hold = script.place(**PLACE_FIELDS)
        calcom.insert_reservation(CONSULT, LATER)
        wish = f"{LATER.astimezone(ROME):%Y-%m-%dT%H:%M}"
        page = script.post(f"/holds/{hold.pk}/move", slot_start=wish)
        assert (page.status_code, root_element(page)) == (409, script.expected_root("move"))
        assert fields(page)["slot_start"] == wish
        assert reload(hold).slot_start == MONDAY

    @pytest.mark.parametrize(
        ("reason", "code", "note"),
        [
            ("", "", ""),
            ("client_chose_other", "client_chose_other", ""),
            ("moved to Oslo", "other", "moved to Oslo"),
        ],
    )
    def test_audit_has_the_reason_code_and_the_hold_the_text(
        self, script: ScriptClient, reason: str, code: str, note: str
    ) -> None:
        hold = script.place(**PLACE_FIELDS)
        answer = script.post(f"/holds/{hold.pk}/release", reason=reason)
        again = f'<a href="/holds/new?again={hold.pk}">Hold again</a>'
        said = f"Released: cal.com no longer keeps this hold. {again}"
        assert said in follow(script, answer, hold)
        assert (reload(hold).state, reload(hold).end_reason, reload(hold).end_note) == (
            "released",
            code,
            note,
        )
        entries = AuditEntry.objects.filter(action="release").order_by("id")
        assert (entries[0].reason, entries.reverse()[0].reason) == (code, code)
        assert note == "" or note not in str(list(entries.values()))

    @both_ways
    @pytest.mark.parametrize("is_gone", [False, True])
    def test_hold_that_staff_call_booked_ends_as_booked(
        self, script: ScriptClient, calcom: Sandbox, *, is_gone: bool
    ) -> None:
        hold = script.place(**PLACE_FIELDS)
        if is_gone:
            calcom.remove_reservations(hold.reservation_uid)
        answer = script.post(f"/holds/{hold.pk}/release", reason="booked")
        page = follow(script, answer, hold)
        slot = local_times.slot(hold.slot_start, hold.slot_end)
        assert f"{slot} · Booked: cal.com no longer keeps this hold." in page
        assert "Booked, as staff noted on " in page
        assert "noted it as booked" in page
        assert "perhaps by your client" not in page
        assert (reload(hold).state, reload(hold).end_reason) == ("booked", "booked")
        outcome = AuditEntry.objects.get(action="release", kind="outcome")
        assert (outcome.outcome, outcome.reason, outcome.after["state"]) == (
            "ok",
            "booked",
            "booked",
        )
        [row] = script.get("/?tab=ended").context["board"].ended.rows
        assert (row.state_label, row.reason) == ("booked, as staff noted", "")
        again = script.post(f"/holds/{hold.pk}/release", reason="mistake")
        assert "Booked: cal.com no longer keeps this hold." in follow(script, again, hold)
        assert reload(hold).end_reason == "booked"

    @pytest.mark.parametrize("way", ["body", "query"])
    @pytest.mark.parametrize("verb", ["extend", "move", "release"])
    def test_outdated_version_is_a_409(
        self, script: ScriptClient, calcom: Sandbox, verb: str, way: str
    ) -> None:
        hold = script.place(**PLACE_FIELDS)
        old = {"version": str(reload(hold).version - 1)}
        address = f"/holds/{hold.pk}/{verb}" + ("?version=" + old["version"]) * (way == "query")
        page = script.post(address, **VERB_FIELDS[verb], **old if way == "body" else {})
        assert page.status_code == 409
        assert "The hold was changed after you opened this page." in page.content.decode()
        if verb != "move":  # whose version comes with the next look at from and to
            assert fields(page)["version"] == str(reload(hold).version)
        assert at_cal_com(calcom) == in_register(hold)
        fresh = script.post(address, **VERB_FIELDS[verb], version=str(reload(hold).version))
        assert page_of(fresh) == f"/holds/{hold.pk}/"


class TestAccess:
    @both_ways
    @pytest.mark.parametrize("verb", VERBS)
    def test_colleagues_hold_is_a_403_except_for_admins(
        self,
        script: ScriptClient,
        colleague_script: ScriptClient,
        admin_script: ScriptClient,
        calcom: Sandbox,
        verb: str,
    ) -> None:
        hold = script.place(**PLACE_FIELDS)
        assert colleague_script.get(f"/holds/{hold.pk}/").status_code == 200
        page = colleague_script.post(f"/holds/{hold.pk}/{verb}", **VERB_FIELDS[verb])
        part = "move" if verb == "move" else "hold"
        assert (page.status_code, root_element(page)) == (403, colleague_script.expected_root(part))
        assert "This hold belongs to staff." in page.content.decode()
        assert at_cal_com(calcom) == in_register(hold)
        changed = admin_script.post(f"/holds/{hold.pk}/{verb}", **VERB_FIELDS[verb])
        assert page_of(changed) == f"/holds/{hold.pk}/"

    @pytest.mark.parametrize("pk", ["77", str(2**70)])
    def test_missing_hold_is_a_404(self, script: ScriptClient, pk: str) -> None:
        asked = [script.get(f"/holds/{pk}/"), script.get(f"/holds/{pk}/move")]
        asked += [script.post(f"/holds/{pk}/{verb}", **VERB_FIELDS[verb]) for verb in VERBS]
        assert [answer.status_code for answer in asked] == [404] * 6
