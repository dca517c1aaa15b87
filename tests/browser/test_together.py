"""More than one person, and time that passes: colleagues, the admin, sessions that end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office, typed

ONE_POLL = 7000  # milliseconds: the board asks every five seconds


@pytest.fixture
def vera(sit: Sit) -> Desk:
    """The admin, signed in."""
    return sit("vera")


@pytest.mark.parametrize("scripts", [True], indirect=True)
def test_two_people_see_each_others_holds_within_one_poll(sit: Sit, office: Office) -> None:
    ada, grace = sit("ada"), sit("grace")
    first = ada.place(office.free_time(), client="Hedy Lamarr")
    ada.page.goto("/")
    second = grace.place(office.free_time(), client="Emmy Noether")
    expect(ada.page.locator(f"#h{second}")).to_contain_text("Emmy Noether", timeout=ONE_POLL)
    expect(ada.page.locator(f"#h{second}")).to_contain_text("grace")
    expect(ada.page.locator(f"#h{second} button")).to_have_count(0)
    grace.page.goto("/")
    expect(grace.page.locator(f"#h{first}")).to_contain_text("Hedy Lamarr")
    ada.page.goto(f"/holds/{first}/")
    ada.press("Release this time")
    ada.told("Released: the time is free again.")
    office.calcom.forget_calls()
    expect(grace.page.locator(f"#h{first}")).to_have_count(0, timeout=ONE_POLL)
    assert office.calcom.calls() == []
    grace.look("board-after-polls")


def test_a_page_that_is_older_than_the_hold_is_told_so(sit: Sit, office: Office) -> None:
    ada, vera = sit("ada"), sit("vera")
    pk = ada.place(office.free_time())
    vera.page.goto(f"/holds/{pk}/")
    vera.press("+30 min")
    vera.told("is held until")
    ada.refusals.add(409)
    ada.press("Release this time")
    ada.told("The hold was changed after you opened this page.")
    ada.look("hold-changed-meanwhile")
    ada.press("Release this time")
    ada.told("Released: the time is free again.")


def test_a_colleagues_hold_can_be_seen_and_no_more(sit: Sit, office: Office) -> None:
    pk = sit("ada").place(office.free_time())
    grace = sit("grace")
    grace.page.goto(f"/holds/{pk}/")
    grace.told("ada")
    grace.look("hold-of-a-colleague")
    acts = [f"main form[action$='/{verb}']" for verb in ("check", "extend", "release")]
    expect(grace.page.locator(", ".join(acts))).to_have_count(0)
    grace.refusals.add(403)
    grace.page.goto("/audit/")
    expect(grace.page.get_by_role("heading", level=1)).to_be_visible()
    grace.look("denied")


class TestASessionThatEnds:
    """Nothing that was typed is lost, and nothing is sent by itself."""

    def test_under_the_form_of_a_new_hold(self, ada: Desk, office: Office) -> None:
        at = office.free_time()
        ada.page.goto("/holds/new")
        ada.type_time(at, "Short 30 · 30 min")
        ada.fill(client_name="Ada & <Co>", note="called at nine")
        ada.page.context.clear_cookies(name="sessionid")
        ada.press("Hold this time")
        expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert ada.path == "/accounts/login/?next=/holds/new"
        ada.sign_in()
        ada.told("Not saved yet. What you typed is back in the form.")
        assert ada.path == "/holds/new"
        chosen = ada.page.locator("#chosen")
        expect(chosen.locator("[name=event_type_id]")).to_have_value("4")
        expect(chosen.locator("[name=slot_start]")).to_have_value(typed(at))
        expect(ada.field("client_name")).to_have_value("Ada & <Co>")
        expect(ada.field("note")).to_have_value("called at nine")
        ada.look("place-typed-again")
        assert office.calcom.calls("POST") == []
        ada.press("Hold this time")
        assert ada.hold
        assert at in office.starts()

    def test_under_a_move_that_was_about_to_be_agreed(self, ada: Desk, office: Office) -> None:
        old, new = office.free_time(), office.free_time()
        pk = ada.place(old)
        ada.page.goto(f"/holds/{pk}/move?slot_start={typed(new)}")
        ada.page.context.clear_cookies(name="sessionid")
        ada.press("Move it")
        expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
        ada.sign_in()
        ada.page.wait_for_url(re.compile(rf"/holds/{pk}/move"))
        expect(ada.field("slot_start")).to_have_value(typed(new))
        assert (old in office.starts(), new in office.starts()) == (True, False)
        ada.press("Move it")
        ada.told("Moved:")

    @pytest.mark.parametrize("scripts", [True], indirect=True)
    def test_under_the_board_leads_to_sign_in_by_itself(self, ada: Desk) -> None:
        ada.page.goto("/")
        ada.page.context.clear_cookies(name="sessionid")
        ada.page.wait_for_url(re.compile(r"/accounts/login/\?next=/$"), timeout=ONE_POLL)


class TestTheAdminsLookAtTheLog:
    """Who did what, and one entry of it in full."""

    def test_filtering_and_reading_one_entry(self, vera: Desk, sit: Sit, office: Office) -> None:
        sit("ada").place(office.free_time(), client="Maria Mitchell")
        vera.page.goto("/")
        vera.page.get_by_role("link", name="Audit").click()
        vera.told("Maria Mitchell")
        vera.look("audit")
        vera.page.get_by_label("Person").select_option("ada")
        vera.page.get_by_label("Action").select_option(index=1)
        vera.press("Show")
        vera.page.wait_for_url(re.compile(r"/audit/\?.*action="))
        chosen = vera.page.get_by_label("Action").input_value()
        assert f"action={chosen}" in vera.path
        people = vera.page.locator("main tbody td:nth-child(2) > b").all_inner_texts()
        assert set(people) <= {"ada"}
        vera.look("audit-filtered")
        vera.page.get_by_role("link", name="Clear filters").click()
        entry = vera.page.locator("main tbody tr", has_text="Maria Mitchell").first
        entry.get_by_role("link").first.click()
        expect(vera.page.get_by_role("heading", level=1)).to_contain_text("Entry")
        vera.told("POST")
        vera.told("/v2/slots/reservations")
        vera.look("audit-entry")

    def test_a_day_that_makes_no_sense_is_marked(self, vera: Desk) -> None:
        vera.refusals.add(422)
        vera.page.goto("/audit/?since=2027-02-02&until=2027-01-01")
        vera.told("This day is before the first one.")
        vera.look("audit-wrong")

    def test_an_admin_acts_on_anybodys_hold_and_the_log_names_who(
        self, vera: Desk, sit: Sit, office: Office
    ) -> None:
        pk = sit("ada").place(office.free_time())
        vera.page.goto(f"/holds/{pk}/")
        vera.press("Release this time")
        vera.told("Released: the time is free again.")
        vera.page.goto("/audit/")
        newest = vera.page.locator("main tbody tr").first
        expect(newest.locator("td b").first).to_have_text("you")
        expect(newest).to_contain_text("released")


def test_what_is_not_there_is_told_in_our_own_look(ada: Desk) -> None:
    ada.refusals.add(404)
    ada.page.goto("/holds/9999999/")
    expect(ada.page.get_by_role("heading", level=1)).to_be_visible()
    ada.look("not-found")


@pytest.mark.parametrize("scripts", [True], indirect=True)
def test_a_form_with_a_stale_token_keeps_what_was_typed(ada: Desk, chromium: Browser) -> None:
    ada.refusals.add(403)
    ada.page.goto("/holds/new")
    ada.fill(client_name="Hedy Lamarr")
    _spoil(ada.page)
    ada.press("Hold this time")
    expect(ada.page.locator("#banner")).to_contain_text("nothing was done")
    expect(ada.field("client_name")).to_have_value("Hedy Lamarr")
    ada.look("place-stale")
    ada.page.get_by_role("link", name="Open the form again with what you typed").click()
    ada.told("Nothing has been sent yet.")
    expect(ada.field("client_name")).to_have_value("Hedy Lamarr")


def _spoil(page: Page) -> None:
    page.locator("form[action$='/holds/new'] [name=csrfmiddlewaretoken]").evaluate(
        "(field) => { field.value = 'x'.repeat(64) }"
    )
