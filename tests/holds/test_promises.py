"""The same promises for holds that stand: how they change, who may, and when cal.com is away."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from dashboard.audit.models import AuditEntry
from dashboard.sandbox import Sandbox
from tests.holds import cast
from tests.holds.cast import CONSULT, LATER, MONDAY, SHORT
from tests.holds.script_client import ASKED, VERBS, WISH, Outsider, beginning, fields, now, seen

ROME = ZoneInfo("Europe/Rome")


class TestWhenCalComIsNotThere:
    def test_a_full_rate_is_a_503_with_the_seconds_to_wait(
        self, script: Outsider, calcom: Sandbox
    ) -> None:
        calcom.faults.add("429", method="POST", seconds=30)
        page = script.post("/holds/new", **WISH)
        assert (page.status_code, beginning(page)) == (503, script.begins("place"))
        assert 25 <= int(page.headers["Retry-After"]) <= 31
        assert fields(page)["client_name"] == "Grace &amp; Co"

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"CALCOM_API_KEY": "cal_nobodys0123456789"}, "cal.com does not accept the key."),
            ({"CALCOM_API_URL": "{url}/elsewhere"}, "does not know the address that we asked"),
            ({"CALCOM_API_URL": "http://127.0.0.1:9"}, "cal.com cannot be reached."),
        ],
    )
    def test_a_set_up_that_is_wrong_is_a_503_with_words_for_the_operator(
        self, script: Outsider, settings: pytest.FixtureRequest, wrong: dict[str, str], said: str
    ) -> None:
        for name, value in wrong.items():
            setattr(settings, name, value.format(url=script.calcom.url))
        page = script.post("/holds/new", **WISH)
        assert (page.status_code, beginning(page)) == (503, script.begins("place"))
        assert said in page.content.decode()
        assert "tell the operator" in page.content.decode().lower()
        assert "Retry-After" not in page.headers

    @pytest.mark.parametrize("verb", VERBS)
    def test_every_verb_says_so_and_the_hold_stands(
        self, script: Outsider, calcom: Sandbox, verb: str
    ) -> None:
        hold = script.place(**WISH)
        calcom.faults.add("429", seconds=30)
        page = script.post(f"/holds/{hold.pk}/{verb}", **ASKED[verb])
        part = "move" if verb == "move" else "hold"
        assert (page.status_code, beginning(page)) == (503, script.begins(part))
        assert int(page.headers["Retry-After"]) <= 31
        assert cast.rows(calcom) == [cast.register(hold)]


class TestChanging:
    def test_a_check(self, script: Outsider, calcom: Sandbox) -> None:
        hold = script.place(**WISH)
        answer = script.post(f"/holds/{hold.pk}/check")
        assert "cal.com still has it" in seen(script, answer, hold)
        calcom.remove_holds()
        answer = script.post(f"/holds/{hold.pk}/check")
        assert "cal.com no longer has this hold" in seen(script, answer, hold)
        assert now(hold).state == "gone"

    def test_several_checks(self, script: Outsider, calcom: Sandbox) -> None:
        holds = [script.place(**WISH | {"slot_start": at.isoformat()}) for at in (MONDAY, LATER)]
        calcom.forget_calls()
        answer = script.post("/check", hold=[str(hold.pk) for hold in holds])
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        assert len(calcom.calls("GET", cast.ONE)) == 2
        assert "still has 2 holds" in script.get("/").content.decode()

    def test_an_extension(self, script: Outsider) -> None:
        hold = script.place(**WISH)
        answer = script.post(f"/holds/{hold.pk}/extend", reservation_duration="30")
        assert "is held until" in seen(script, answer, hold)
        assert 1795 < cast.seconds_left(hold) <= 1800

    @pytest.mark.parametrize(
        ("minutes", "said"),
        [("5", "would shorten it"), ("500", "From 1 to 120"), ("soon", "Enter a whole number.")],
    )
    def test_an_extension_that_cannot_be_keeps_what_was_typed(
        self, script: Outsider, minutes: str, said: str
    ) -> None:
        hold = script.place(**WISH)
        page = script.post(f"/holds/{hold.pk}/extend", reservation_duration=minutes)
        assert (page.status_code, beginning(page)) == (422, script.begins("hold"))
        assert said in page.content.decode()
        assert fields(page)["reservation_duration"] == minutes
        assert fields(page)["version"] == str(now(hold).version)

    def test_a_move_is_shown_before_it_is_made(self, script: Outsider, calcom: Sandbox) -> None:
        hold = script.place(**WISH)
        page = script.get(f"/holds/{hold.pk}/move?slot_start={LATER:%Y-%m-%dT%H:%M:%SZ}")
        assert (page.status_code, beginning(page)) == (200, script.begins("move"))
        assert calcom.calls("PATCH") == []
        asked = {"slot_start": LATER.isoformat(), "reservation_duration": "20"}
        answer = script.post(f"/holds/{hold.pk}/move", **asked)
        assert "Moved:" in seen(script, answer, hold)
        assert now(hold).slot_start == LATER
        assert 1195 < cast.seconds_left(hold) <= 1200

    def test_a_move_to_another_event_type(self, script: Outsider, calcom: Sandbox) -> None:
        hold = script.place(**WISH)
        asked = {"slot_start": LATER.isoformat(), "event_type_id": str(SHORT)}
        seen(script, script.post(f"/holds/{hold.pk}/move", **asked), hold)
        assert [row.event_type_id for row in calcom.live_rows()] == [SHORT]

    def test_a_move_to_what_is_taken_is_a_409_with_the_wish_kept(
        self, script: Outsider, calcom: Sandbox
    ) -> None:
        hold = script.place(**WISH)
        calcom.insert_hold(CONSULT, LATER)
        wish = f"{LATER.astimezone(ROME):%Y-%m-%dT%H:%M}"
        page = script.post(f"/holds/{hold.pk}/move", slot_start=wish)
        assert (page.status_code, beginning(page)) == (409, script.begins("move"))
        assert fields(page)["slot_start"] == wish
        assert now(hold).slot_start == MONDAY

    @pytest.mark.parametrize(
        ("reason", "code", "note"),
        [
            ("", "", ""),
            ("client_rang_off", "client_rang_off", ""),
            ("client_chose_other", "client_chose_other", ""),
            ("booked", "booked", ""),
            ("mistake", "mistake", ""),
            ("moved to Oslo", "other", "moved to Oslo"),
        ],
    )
    def test_a_reason_is_a_code_in_the_audit_and_words_stay_on_the_hold(
        self, script: Outsider, reason: str, code: str, note: str
    ) -> None:
        hold = script.place(**WISH)
        answer = script.post(f"/holds/{hold.pk}/release", reason=reason)
        assert "Released: the time is free again." in seen(script, answer, hold)
        assert (now(hold).state, now(hold).end_reason, now(hold).end_note) == (
            "released",
            code,
            note,
        )
        entries = AuditEntry.objects.filter(action="release").order_by("id")
        assert (entries[0].reason, entries.reverse()[0].reason) == (code, code)
        assert note == "" or note not in str(list(entries.values()))

    @pytest.mark.parametrize("way", ["body", "query"])
    @pytest.mark.parametrize("verb", ["extend", "move", "release"])
    def test_a_page_that_is_older_than_the_hold_is_a_409(
        self, script: Outsider, calcom: Sandbox, verb: str, way: str
    ) -> None:
        hold = script.place(**WISH)
        old = {"version": str(now(hold).version - 1)}
        address = f"/holds/{hold.pk}/{verb}" + ("?version=" + old["version"]) * (way == "query")
        page = script.post(address, **ASKED[verb], **old if way == "body" else {})
        assert page.status_code == 409
        assert "The hold was changed after you opened this page." in page.content.decode()
        if verb != "move":  # whose version comes with the next look at from and to
            assert fields(page)["version"] == str(now(hold).version)
        assert cast.rows(calcom) == [cast.register(hold)]
        fresh = script.post(address, **ASKED[verb], version=str(now(hold).version))
        assert fresh.status_code == 303


class TestWhoMayAndWhatIsThere:
    @pytest.mark.parametrize("verb", VERBS)
    def test_a_colleagues_hold_is_a_403_and_an_admin_may(
        self, script: Outsider, mate: Outsider, boss: Outsider, calcom: Sandbox, verb: str
    ) -> None:
        hold = script.place(**WISH)
        assert mate.get(f"/holds/{hold.pk}/").status_code == 200
        page = mate.post(f"/holds/{hold.pk}/{verb}", **ASKED[verb])
        part = "move" if verb == "move" else "hold"
        assert (page.status_code, beginning(page)) == (403, mate.begins(part))
        assert "This hold belongs to staff." in page.content.decode()
        assert cast.rows(calcom) == [cast.register(hold)]
        assert boss.post(f"/holds/{hold.pk}/{verb}", **ASKED[verb]).status_code == 303

    @pytest.mark.parametrize("pk", ["77", str(2**70)])
    def test_a_hold_that_never_was_is_a_404(self, script: Outsider, pk: str) -> None:
        asked = [script.get(f"/holds/{pk}/"), script.get(f"/holds/{pk}/move")]
        asked += [script.post(f"/holds/{pk}/{verb}", **ASKED[verb]) for verb in VERBS]
        assert [answer.status_code for answer in asked] == [404] * 6

    @pytest.mark.parametrize("verb", ["check", "extend", "release"])
    def test_nothing_changes_by_a_get(self, script: Outsider, verb: str) -> None:
        hold = script.place(**WISH)
        assert script.get(f"/holds/{hold.pk}/{verb}").status_code == 405

    @pytest.mark.parametrize(
        ("address", "page"),
        [
            ("/", "/"),
            ("/board", "/"),
            ("/check", "/"),
            ("/holds/new", "/holds/new"),
            ("/holds/7/", "/holds/7/"),
            ("/holds/7/check", "/holds/7/"),
            ("/holds/7/extend", "/holds/7/"),
            ("/holds/7/move", "/holds/7/move"),
            ("/holds/7/release", "/holds/7/"),
            ("/look-up", "/look-up"),
            ("/audit/", "/audit/"),
            ("/audit/7/", "/audit/7/"),
        ],
    )
    def test_who_is_not_signed_in_is_sent_to_sign_in(
        self, script: Outsider, calcom: Sandbox, address: str, page: str
    ) -> None:
        nobody = Outsider("", calcom, script.htmx)
        nobody.browser.get("/accounts/login/")
        for answer in (nobody.get(address), nobody.post(address, uid="u")):
            redirect = (200, "HX-Redirect") if script.htmx else (302, "Location")
            assert answer.status_code == redirect[0]
            assert answer.headers[redirect[1]] == f"/accounts/login/?next={page}"

    def test_the_log_is_for_admins(self, script: Outsider, boss: Outsider) -> None:
        script.place(**WISH)
        page = boss.get("/audit/")
        assert (page.status_code, beginning(page)) == (200, boss.begins("log"))
        entry = AuditEntry.objects.filter(action="place").first()
        assert boss.get(f"/audit/{entry.pk}/").status_code == 200
        assert script.get("/audit/").status_code == 403
        assert script.get(f"/audit/{entry.pk}/").status_code == 403
