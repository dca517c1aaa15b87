"""Several people at once: colleagues, the Admin, and sessions that end."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.product import Product, typed
from tests.browser.user import OpenBrowser, User, in_both_ways


def test_two_people_see_each_others_holds_within_one_poll(
    open_browser: OpenBrowser, product: Product
) -> None:
    ada, grace = open_browser("ada"), open_browser("grace")
    first = product.place("ada", product.free_time(), "Hedy Lamarr")
    ada.page.goto("/")
    second = product.place("grace", product.free_time(), "Emmy Noether")
    row = ada.page.locator(f"#h{second}")
    ada.poll()
    expect(row).to_contain_text("Emmy Noether")
    expect(row).to_contain_text("grace")
    expect(row.get_by_role("button")).to_have_count(0)
    grace.page.goto("/")
    expect(grace.page.locator(f"#h{first}")).to_contain_text("Hedy Lamarr")
    ada.page.goto(f"/holds/{first}/")
    ada.press("Release this time")
    ada.expect_text("Released: cal.com no longer keeps this hold.")
    product.calcom.forget_calls()
    grace.poll()
    expect(grace.page.locator(f"#h{first}")).to_have_count(0)
    assert product.calcom.calls() == []
    grace.check_variant("board-after-polls")


def test_what_an_admin_released_is_shown_and_read_out(
    open_browser: OpenBrowser, product: Product
) -> None:
    ada, pk = open_browser("ada"), product.place("ada", product.free_time(), "Hedy Lamarr")
    product.place("ada", product.free_time(), "Emmy Noether")
    ada.page.goto("/")
    ada.page.wait_for_load_state()
    ada.page.evaluate(
        "document.addEventListener('holdfast:say', (said) => (self.said = said.detail))"
    )
    product.post("vera", f"/holds/{pk}/release", {"reason": "mistake"})
    ada.poll()
    told = re.compile(r"vera released your hold \(.+\)\. Reason: Placed by mistake")
    expect(ada.page.locator(".attention")).to_have_text(told)
    # Without the name that is on paper only.
    said = ada.page.wait_for_function("self.said").json_value()
    assert re.search(f"· you {told.pattern}", said)
    ada.page.get_by_role("button", name="Put aside").press("Enter")
    expect(ada.page.locator(".attention")).to_have_count(0)
    expect(ada.page.locator("#board :is(tbody th, .attention) a:focus")).to_have_count(1)


def test_a_colleagues_hold_can_be_seen_but_not_changed(
    open_browser: OpenBrowser, product: Product
) -> None:
    pk = product.place("ada", product.free_time(), "Hedy Lamarr")
    grace = open_browser("grace")
    grace.page.goto(f"/holds/{pk}/")
    grace.expect_text("ada")
    grace.check_variant("hold-of-a-colleague")
    forms = [f"main form[action$='/{verb}']" for verb in ("check", "extend", "release")]
    expect(grace.page.locator(", ".join(forms))).to_have_count(0)
    grace.refusals.add(403)
    grace.page.goto("/audit/")
    expect(grace.page.get_by_role("heading", level=1)).to_be_visible()
    grace.check_variant("denied")


class TestEndedSession:
    """Typed text is kept, and nothing is sent by itself."""

    @in_both_ways
    def test_under_the_form_of_a_new_hold(self, ada: User, product: Product) -> None:
        at = product.free_time()
        ada.page.goto("/holds/new")
        ada.type_time(at, "Short 30 · 30 min · Owner")
        ada.fill(client_name="Ada & <Co>", note="called at nine")
        token = ada.field("token").input_value()
        ada.page.context.clear_cookies(name="holdfast_session")
        ada.press("Hold this time")
        expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
        ada.expect_path(f"/accounts/login/?next=/holds/new%3Ftyped%3D{token}")
        ada.sign_in()
        ada.expect_text("Not saved yet. What you typed is back in the form.")
        ada.expect_path(f"/holds/new?typed={token}")
        chosen = ada.page.locator("#chosen")
        expect(chosen.locator("[name=event_type_id]")).to_have_value("4")
        expect(chosen.locator("[name=slot_start]")).to_have_value(typed(at))
        expect(ada.field("client_name")).to_have_value("Ada & <Co>")
        expect(ada.field("note")).to_have_value("called at nine")
        ada.check_variant("place-restored")
        assert product.calcom.calls("POST") == []
        ada.press("Hold this time")
        assert ada.hold_id
        assert at in product.starts()

    def test_under_the_release_of_a_hold(self, ada: User, product: Product) -> None:
        pk = ada.place()
        note = ada.page.locator("#release [name=note]")
        note.fill("rang off & <will> call")
        ada.page.context.clear_cookies(name="holdfast_session")
        ada.press("Release this time")
        expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
        ada.expect_path(f"/accounts/login/?next=/holds/{pk}/")
        ada.sign_in()
        ada.expect_text("Not saved yet.")
        assert ada.hold_id == pk
        expect(note).to_have_value("rang off & <will> call")
        assert len(product.starts()) == 1

    def test_and_begun_anew_in_another_window(self, ada: User, product: Product) -> None:
        ada.refusals.add(403)
        ada.place()
        note = ada.page.locator("#release [name=note]")
        note.fill("rang off")
        ada.page.context.clear_cookies(name="holdfast_session")
        other = User(ada.page.context.new_page(), product, scripts=True, name="ada")
        other.page.goto("/accounts/login/")
        other.sign_in()
        other.expect_heading("Board")
        ada.press("Release this time")
        again = ada.page.get_by_role("link", name="Open the form again with what you typed")
        expect(again).to_be_visible()
        expect(note).to_have_value("rang off")  # the form below the banner is unchanged
        again.click()
        ada.expect_text("Not saved yet.")
        expect(note).to_have_value("rang off")
        assert len(product.starts()) == 1

    def test_under_the_preview_of_a_move(self, ada: User, product: Product) -> None:
        old, new = product.free_time(), product.free_time()
        pk = ada.place(old)
        ada.page.goto(f"/holds/{pk}/move?slot_start={typed(new)}")
        ada.page.context.clear_cookies(name="holdfast_session")
        ada.press("Move it")
        expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
        ada.sign_in()
        ada.page.wait_for_url(re.compile(rf"/holds/{pk}/move"))
        expect(ada.field("slot_start")).to_have_value(typed(new))
        assert product.starts() == [old]
        ada.press("Move it")
        ada.expect_text("Moved:")

    def test_of_a_new_hold_while_times_are_chosen(self, ada: User, product: Product) -> None:
        """A link to a time sends nothing that was typed."""
        ada.page.goto("/holds/new?event_type_id=1")
        ada.fill(client_name="Ada & <Co>", note="called at nine")
        ada.page.context.clear_cookies(name="holdfast_session")
        time = ada.page.locator("#times a.time:not(.held)").first
        slot = str(time.get_attribute("href")).split("slot_start=")[1].split("&")[0]
        time.click()
        ada.expect_text("What you typed is kept")
        ada.sign_in()
        ada.expect_text("Not saved yet. What you typed is back in the form.")
        ada.expect_query(f"slot_start={slot}")
        expect(ada.field("client_name")).to_have_value("Ada & <Co>")
        expect(ada.field("note")).to_have_value("called at nine")
        expect(ada.field("slot_start")).to_have_value(slot.replace("%3A", ":"))
        assert product.calcom.calls("POST") == []

    def test_of_a_new_hold_while_days_are_turned(self, ada: User) -> None:
        ada.page.goto("/holds/new?event_type_id=1")
        ada.fill(client_name="Ada & <Co>")
        ada.page.context.clear_cookies(name="holdfast_session")
        ada.page.locator("#seek").click()
        ada.expect_text("What you typed is kept")
        ada.sign_in()
        expect(ada.field("client_name")).to_have_value("Ada & <Co>")
        ada.expect_query("seek=yes")

    def test_of_a_move_while_days_are_turned(self, ada: User, product: Product) -> None:
        pk, new = ada.place(), product.free_time()
        ada.page.goto(f"/holds/{pk}/move")
        ada.page.get_by_text("Or enter it manually").click()
        ada.fill(slot_start=typed(new))
        ada.page.context.clear_cookies(name="holdfast_session")
        ada.page.locator("#on").click()
        ada.expect_text("What you typed is kept")
        ada.sign_in()
        expect(ada.field("slot_start")).to_have_value(typed(new))

    def test_of_a_form_while_its_times_are_polled(self, ada: User) -> None:
        ada.poll_often()
        ada.page.goto("/holds/new")
        ada.fill(client_name="Maria Mitchell")
        ada.page.context.clear_cookies(name="holdfast_session")
        with ada.page.expect_response(
            lambda answer: "/holds/new/times" in answer.url and "hx-redirect" in answer.headers
        ):
            pass
        ada.page.evaluate("() => new Promise(requestAnimationFrame)")  # it has been read
        expect(ada.field("client_name")).to_have_value("Maria Mitchell")
        ada.expect_path("/holds/new")

    def test_under_the_board_leads_to_the_sign_in(self, ada: User) -> None:
        ada.poll_often()
        ada.page.goto("/")
        ada.page.context.clear_cookies(name="holdfast_session")
        ada.page.wait_for_url(re.compile(r"/accounts/login/\?next=/$"))


class TestAudit:
    def test_filters_and_one_entry(self, vera: User, product: Product) -> None:
        product.place("ada", product.free_time(), "Maria Mitchell")
        vera.page.goto("/")
        vera.page.get_by_role("link", name="Audit").click()
        vera.expect_text("Maria Mitchell")
        vera.page.goto("/audit/?find=Mitchell")  # few entries, so that axe needs less time
        vera.check_page("audit-found")
        vera.page.goto("/audit/")
        vera.page.get_by_label("Person").select_option("ada")
        [action] = vera.page.get_by_label("Action").select_option(index=1)
        vera.press("Show")
        expect(vera.page.get_by_role("link", name="Clear filters")).to_be_visible()
        vera.expect_query(f"action={action}")
        people = vera.page.locator("main tbody td:nth-child(2) > a > b").all_inner_texts()
        assert set(people) == {"ada"}
        vera.page.get_by_role("link", name="Clear filters").click()
        vera.expect_path("/audit/")
        entry = vera.page.locator("main tbody tr", has_text="Maria Mitchell").first
        entry.get_by_role("link").first.click()
        vera.expect_heading("Entry")
        vera.expect_text("POST")
        vera.expect_text("/v2/slots/reservations")
        vera.check_page("audit-entry")

    def test_a_bar_of_the_pictures_leads_to_its_entries(self, vera: User, product: Product) -> None:
        product.place("ada", product.free_time(), "Ada Yonath")
        vera.page.goto("/audit/")
        vera.page.get_by_role("link", name="Pictures").click()
        vera.expect_heading("Pictures of the log")
        for summary in vera.page.locator("summary", has_text="As a table").all():
            summary.click()
        vera.check_page("pictures")
        widths = "row => [...row.cells].map(cell => cell.clientWidth)"
        row = vera.page.locator(".bars tbody tr").first
        name, number, _bar = row.evaluate(widths)
        assert name > 2 * number
        height = "(row, count) => { row.cells[1].textContent = count; return row.clientHeight; }"
        assert row.evaluate(height, "1234567") == row.evaluate(height, "1")
        column = vera.page.locator(".chart").first.locator("a").last
        column.click()
        vera.expect_heading("Audit")
        vera.expect_query("since=")
        vera.page.go_back()
        vera.page.get_by_role("table", name="Actions by person").get_by_role(
            "link", name="ada"
        ).click()
        chosen = vera.page.get_by_label("Person").locator("option:checked")
        expect(chosen).to_contain_text("ada")
        vera.expect_text("Ada Yonath")


def test_a_board_is_opened_anew_for_who_signed_in_later(ada: User, product: Product) -> None:
    """In another tab: the header names one person, and the rows must not be another's."""
    product.place("ada", product.free_time(), "Hedy Lamarr")
    ada.poll_often()
    ada.page.goto("/")
    expect(ada.page.locator("td.by .screen")).to_have_text("you")
    ada.page.context.clear_cookies()
    ada.page.context.add_cookies(product.cookies("vera"))  # type: ignore[arg-type]
    expect(ada.page.locator("header .menu")).to_contain_text("vera")
    expect(ada.page.locator("td.by")).to_have_text("ada")
