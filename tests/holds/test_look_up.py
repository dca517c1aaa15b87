"""Reservations that the register does not know: look them up, add them to the board."""

from datetime import timedelta

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register
from tests.holds.reservations_elsewhere import key_of, look_up, take_in
from tests.holds.verbs import CONSULT, MONDAY, ONE, VARIABLE
from tests.pages.desk import desk

UNKNOWN = "5f1c7a52-1111-4222-8333-444455556666"
NO_UIDS = [
    "%00",
    "\x00",
    "a\x00b",
    "../../v2/me",
    "a/b",
    "a%2Fb",
    "a?b",
    "x" * 3000,
    "ü",
    "𝟙𝟚𝟛",
    "a b",
    "<script>",
    "",
    " ",
    "a\r\nX-Evil: 1",
]


def test_known_uid_leads_to_its_hold(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = verbs.place(staff)
    uid = str(hold.reservation_uid)

    answers = [look_up(desk(admin), uid), look_up(desk(admin), uid, take="yes")]

    assert [(a.status_code, a["Location"]) for a in answers] == [(303, f"/holds/{hold.pk}/")] * 2
    assert calcom.calls("GET", ONE) == []


def test_uid_may_be_copied_with_invisible_marks(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    answer = look_up(desk(staff), f"\ufeff \u202a{hold.reservation_uid}\u200b\u202c ")
    assert (answer.status_code, answer["Location"]) == (303, f"/holds/{hold.pk}/")


def test_unknown_reservation_is_shown_and_added_by_its_key(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_reservation(CONSULT, MONDAY, minutes=20).uid
    browser = desk(staff)

    shown = look_up(browser, uid)
    assert (shown.status_code, Hold.objects.count()) == (200, 0)
    added = browser.post("/look-up", {"find": key_of(shown), "take": "yes", "client_name": "Ada"})

    hold = Hold.objects.get()
    assert "Consult 60" in shown.content.decode()
    assert (added.status_code, added["Location"]) == (303, f"/holds/{hold.pk}/")
    assert (hold.state, hold.holder, hold.client_name) == ("held", staff, "Ada")
    assert (hold.event_type_title, hold.event_type_kind) == ("Consult 60", "individual")
    assert at_cal_com(calcom) == in_register(hold)
    pages = [shown, added, browser.get(added["Location"]), browser.get("/")]
    assert [p for p in pages if uid in f"{p.headers}{p.cookies.output()}{p.content.decode()}"] == []


def test_what_is_typed_about_a_client_is_kept_for_its_tab(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_reservation(CONSULT, MONDAY).uid
    browser = desk(staff)
    forms = [look_up(browser, uid).context["take_form"] for _tab in range(2)]
    tokens = {str(form["token"].value()) for form in forms}

    # What was typed comes back without its token, and may have to be kept again.
    for each in (*tokens, ""):
        sent = {"take": "yes", "find": "ended", "client_name": "Ada", "token": each}
        tokens.add(str(browser.post("/look-up", sent).context["take_form"]["token"].value()))

    assert [len(token) for token in tokens] == [36, 36, 36]


def test_key_is_of_no_use_to_a_colleague(calcom: Sandbox, staff: User, colleague: User) -> None:
    uid = calcom.insert_reservation(CONSULT, MONDAY).uid
    key = key_of(look_up(desk(staff), uid))

    answer = desk(colleague).post("/look-up", {"find": key, "take": "yes"})

    assert (answer.status_code, Hold.objects.count()) == (422, 0)


def test_added_hold_can_be_changed(calcom: Sandbox, staff: User) -> None:
    row = calcom.insert_reservation(VARIABLE, MONDAY, slot_duration=45, minutes=20)

    verbs.extend(staff, take_in(staff, row.uid), 40)

    [kept] = calcom.live_rows()
    assert (kept.uid, kept.end - kept.start) == (row.uid, timedelta(minutes=45))


def test_missing_reservation_is_a_404(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    answers = [look_up(browser, UNKNOWN), look_up(browser, UNKNOWN, take="yes")]

    assert [answer.status_code for answer in answers] == [404, 404]
    message = "cal.com has no reservation with this uid."
    assert [message in answer.content.decode() for answer in answers] == [True, True]
    assert Hold.objects.count() == 0
    ends = AuditEntry.objects.filter(kind="outcome").values_list("action", "outcome", "error_code")
    assert set(ends) == {
        ("look_up", "ok", "nothing_found"),
        ("take_in", "refused", "nothing_found"),
    }


def test_expired_reservation_is_shown_and_not_added(calcom: Sandbox, staff: User) -> None:
    uid = calcom.insert_reservation(CONSULT, MONDAY, minutes=-1).uid
    browser = desk(staff)

    shown, refused = look_up(browser, uid), look_up(browser, uid, take="yes")

    assert (shown.status_code, refused.status_code) == (200, 409)
    page = shown.content.decode()
    assert 'value="yes"' not in page
    assert "This reservation has run out" in page
    assert "cal.com holds this time" not in page
    assert Hold.objects.count() == 0


def test_invalid_uid_is_refused_without_a_call(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)

    statuses = {uid: look_up(browser, uid, take="yes").status_code for uid in NO_UIDS}

    assert statuses == dict.fromkeys(NO_UIDS, 422)
    assert calcom.calls("GET", ONE) == []
