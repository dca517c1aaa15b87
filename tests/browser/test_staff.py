"""What staff do in a day, in a real browser: once with scripts, and the same without."""

from __future__ import annotations

import re
import time
from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office, typed


class TestADayAtTheDesk:
    """The whole journey; every test begins with a signed-in person and a free time."""

    def test_signing_in_leads_to_the_page_that_was_asked_for(self, sit: Sit) -> None:
        desk = sit("ada", is_signed_in=False)
        desk.page.goto("/holds/new")
        assert desk.path == "/accounts/login/?next=/holds/new"
        desk.look("sign-in")
        desk.sign_in()
        expect(desk.page).to_have_url(re.compile("/holds/new$"))
        expect(desk.page.get_by_role("heading", level=1)).to_have_text("Hold a time")

    def test_a_wrong_password_is_told_at_the_form(self, sit: Sit) -> None:
        desk = sit("ada", is_signed_in=False)
        desk.refusals.add(422)
        desk.page.goto("/accounts/login/")
        desk.page.get_by_label("Name").fill("ada")
        desk.page.get_by_label("Password").fill("not this one")
        desk.press("Sign in")
        desk.told("If you do not know your password")
        expect(desk.page.get_by_label("Name")).to_have_value("ada")
        desk.look("sign-in-refused")

    def test_a_hold_is_placed_and_stands_on_the_board(self, ada: Desk, office: Office) -> None:
        at = office.free_time()
        ada.page.goto("/holds/new")
        ada.look("place")
        pk = ada.place(at, client_contact="+39 06 123", note="rang from the airport")
        ada.told("Hedy Lamarr")
        ada.told("rang from the airport")
        ada.look("hold")
        ada.page.get_by_role("link", name="Board", exact=True).first.click()
        row = ada.page.locator(f"#h{pk}")
        expect(row).to_contain_text("17:00–18:00")
        expect(row).to_contain_text("you")
        expect(row).to_contain_text("held")
        ada.look("board")
        assert at in office.starts()

    def test_the_seconds_of_a_hold_tick(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time())
        ada.page.goto("/")
        countdown = ada.page.locator(f"#h{pk} .left")
        if not ada.scripts:
            expect(countdown).to_be_hidden()
            expect(ada.page.locator(f"#h{pk} .until")).to_be_visible()
            return
        before, began = ada.seconds_left(f"#h{pk}"), time.monotonic()
        assert 15 * 60 - before in range(30)
        ada.page.wait_for_timeout(2100)
        shown, passed = before - ada.seconds_left(f"#h{pk}"), time.monotonic() - began
        assert passed - 1.5 < shown < passed + 1.5

    def test_a_check_says_that_cal_com_still_has_it(self, ada: Desk, office: Office) -> None:
        ada.place(office.free_time())
        ada.press("Verify with cal.com")
        ada.told("cal.com still has it")
        ada.look("hold-checked")

    def test_a_check_says_that_cal_com_has_it_no_more(self, ada: Desk, office: Office) -> None:
        at = office.free_time()
        ada.place(at)
        [uid] = [row.uid for row in office.calcom.live_rows() if row.start == at]
        office.calcom.remove_holds(uid)
        ada.press("Verify with cal.com")
        ada.told("cal.com no longer has this hold")
        ada.look("hold-gone")
        ada.page.goto("/")
        ada.told("Needs attention")
        ada.look("board-attention")

    def test_fifteen_more_minutes_are_one_click(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time())
        ada.press("+15 min")
        ada.told("is held until")
        assert ada.hold == pk
        ada.page.goto("/")
        ada.page.locator(f"#h{pk}").get_by_role("button", name="+15 min").click()
        ada.told("is held until")
        assert ada.path == ("/" if ada.scripts else f"/holds/{pk}/")
        left = office.calcom.live_rows()[-1].release_at - office.calcom.clock.now()
        assert timedelta(minutes=44) < left < timedelta(minutes=46)

    def test_what_would_shorten_a_hold_is_refused_beside_the_field(
        self, ada: Desk, office: Office
    ) -> None:
        ada.refusals.add(422)
        pk = ada.place(office.free_time())
        ada.page.get_by_text("Until a set time…").click()
        ada.fill(reservation_duration="5")
        ada.press("Extend")
        ada.told("this would shorten it")
        field = ada.page.locator("#extend [name=reservation_duration]")
        expect(field).to_have_value("5")
        expect(field).to_have_attribute("aria-invalid", "true")
        ada.look("hold-refused")
        assert ada.path == (f"/holds/{pk}/" if ada.scripts else f"/holds/{pk}/extend")
        field.fill("40")
        ada.press("Extend")
        ada.told("is held until")
        assert ada.hold == pk

    def test_a_move_shows_from_and_to_before_anything_moves(
        self, ada: Desk, office: Office
    ) -> None:
        old, new = office.free_time(), office.free_time()
        pk = ada.place(old)
        ada.page.get_by_role("link", name="Move to another time").click()
        ada.look("move")
        ada.fill(slot_start=typed(new))
        ada.press("Preview the move")
        ada.told(f"{new:%a} {new.day} {new:%b}")
        ada.look("move-preview")
        assert (old in office.starts(), new in office.starts()) == (True, False)
        ada.press("Move it")
        ada.told("Moved:")
        assert ada.hold == pk
        assert (old in office.starts(), new in office.starts()) == (False, True)

    def test_a_move_into_its_own_time_names_the_risk(self, ada: Desk, office: Office) -> None:
        old = office.free_time()
        pk = ada.place(old)
        ada.page.goto(f"/holds/{pk}/move")
        ada.fill(slot_start=typed(old + timedelta(minutes=30)))
        ada.press("Preview the move")
        ada.told("The two times overlap")
        ada.look("move-risk")
        ada.press("Move it")
        ada.told("Moved:")
        assert old + timedelta(minutes=30) in office.starts()

    def test_a_taken_time_is_refused_beside_the_form_and_what_was_typed_stays(
        self, ada: Desk, office: Office
    ) -> None:
        taken, free = office.free_time(), office.free_time()
        office.calcom.insert_hold(1, taken)
        ada.refusals.add(409)
        ada.page.goto("/holds/new")
        ada.type_time(taken)
        ada.fill(client_name="Ada & <Co>", note="called at nine")
        ada.press("Hold this time")
        ada.told("This time is already reserved by someone else.")
        assert ada.path == "/holds/new"
        expect(ada.field("client_name")).to_have_value("Ada & <Co>")
        expect(ada.field("note")).to_have_value("called at nine")
        expect(ada.field("slot_start")).to_have_value(typed(taken))
        expect(ada.field("event_type_id")).to_have_value("1")
        ada.look("place-refused")
        ada.fill(slot_start=typed(free))
        ada.press("Hold this time")
        assert ada.hold
        assert free in office.starts()

    def test_a_forgotten_field_is_marked(self, ada: Desk) -> None:
        ada.refusals.add(422)
        ada.page.goto("/holds/new")
        ada.fill(client_name="Hedy Lamarr")
        ada.press("Hold this time")
        ada.told("Not sent yet")
        expect(ada.field("slot_start")).to_have_attribute("aria-invalid", "true")
        expect(ada.field("client_name")).to_have_value("Hedy Lamarr")
        ada.look("place-forgotten")

    def test_a_release_keeps_its_reason(self, ada: Desk, office: Office) -> None:
        at = office.free_time()
        pk = ada.place(at)
        ada.page.get_by_label("Client hung up").check()
        ada.fill(note="will call again")
        ada.press("Release this time")
        ada.told("Released: the time is free again.")
        ada.told("Client hung up")
        ada.told("will call again")
        assert ada.hold == pk
        assert at not in office.starts()
        ada.look("hold-released")
        ada.page.goto("/")
        expect(ada.page.locator(f"#h{pk}")).to_have_count(0)

    def test_a_reservation_of_somebody_else_is_looked_up_and_taken_in(
        self, ada: Desk, office: Office
    ) -> None:
        at = office.free_time()
        uid = office.calcom.insert_hold(1, at, minutes=40).uid
        ada.page.goto("/look-up")
        ada.look("look-up")
        ada.fill(uid=uid)
        ada.press("Look up")
        ada.told("cal.com holds this time")
        ada.look("look-up-found")
        ada.fill(client_name="Emmy Noether")
        ada.press("Add to board")
        pk = ada.hold
        ada.told("Emmy Noether")
        ada.look("hold-taken-in")
        ada.page.goto("/look-up")
        ada.fill(uid=uid)
        ada.press("Look up")
        assert ada.hold == pk

    def test_a_uid_that_nobody_has_is_told_in_words(self, ada: Desk) -> None:
        ada.refusals.add(404)
        ada.page.goto("/look-up")
        ada.fill(uid="no-such-reservation")
        ada.press("Look up")
        ada.told("cal.com has no reservation with this uid.")
        ada.look("look-up-nothing")

    def test_an_answer_that_never_came_is_told_on_the_hold(self, ada: Desk, office: Office) -> None:
        office.calcom.faults.add("drop", when="after", method="POST")
        ada.place(office.free_time(), client="Rosalind Franklin")
        ada.told("cal.com did not answer")
        ada.look("hold-unconfirmed")

    def test_a_full_rate_is_told_with_the_seconds_to_wait(self, ada: Desk, office: Office) -> None:
        ada.refusals.add(503)
        office.calcom.faults.add("429", method="POST", seconds=2)
        ada.page.goto("/holds/new")
        ada.type_time(office.free_time())
        ada.fill(client_name="Hedy Lamarr")
        ada.press("Hold this time")
        ada.told("cal.com allows no more requests for the moment.")
        expect(ada.field("client_name")).to_have_value("Hedy Lamarr")
        ada.look("place-unavailable")
        ada.page.wait_for_timeout(2000)
        if ada.scripts:
            ada.told("You can try again now.")
        ada.press("Hold this time")
        assert ada.hold

    def test_the_back_button_leads_back(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time())
        ada.press("+5 min")
        ada.told("is held until")
        ada.page.go_back()
        for _ in range(2):  # plain forms leave a page behind for each answer
            if ada.path == f"/holds/{pk}/":
                ada.page.go_back()
        expect(ada.page.get_by_role("heading", level=1)).to_have_text("Hold a time")
        assert ada.path == "/holds/new"
        ada.page.go_forward()
        ada.told("Hedy Lamarr")
        assert ada.hold == pk

    def test_a_double_click_is_one_hold(self, ada: Desk, office: Office) -> None:
        at = office.free_time()
        office.calcom.faults.add("delay", method="POST", seconds=0.5, count=None)
        ada.page.goto("/holds/new")
        ada.type_time(at)
        ada.fill(client_name="Hedy Lamarr")
        ada.page.get_by_role("button", name="Hold this time").dblclick()
        assert ada.hold
        ada.told("Hedy Lamarr")
        assert len(office.calcom.calls("POST")) == 1
        assert office.starts().count(at) == 1

    def test_several_holds_are_checked_at_once(self, ada: Desk, office: Office) -> None:
        pks = [ada.place(office.free_time()) for _ in range(2)]
        ada.page.goto("/")
        for pk in pks:
            ada.page.locator(f"#h{pk} [name=hold]").check()
        ada.press("Check selected")
        ada.told("cal.com still has 2 holds as they stand here.")
        assert ada.path == "/"

    def test_signing_out_ends_it(self, sit: Sit) -> None:
        desk = sit("grace", is_signed_in=False)
        desk.page.goto("/")
        desk.sign_in()
        desk.page.locator("details.menu summary").click()
        desk.press("Sign out", within="header")
        expect(desk.page.get_by_role("heading", name="Sign in")).to_be_visible()
        desk.page.goto("/")
        assert desk.path == "/accounts/login/?next=/"
