"""Every page for everybody: in another language, on a narrow screen, enlarged, with forced colours,
without motion, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polib
import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office
from tests.house.arrows import PROJECT

NARROW = 320
WIDTHS = (1440, 1240, 768, 1280 // 2, 390, NARROW)  # 1280 / 2 is a usual screen at 200 %
# What people see or are read out, text by text.
TEXTS = """() => {
  const found = [document.title];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT);
  for (let node = walk.currentNode; node; node = walk.nextNode()) {
    if (["SCRIPT", "STYLE", "HEAD"].includes(node.tagName)) continue;
    if (node.matches("[name=time_zone] option")) continue; // names of places
    if (node instanceof HTMLTemplateElement)
      for (const one of node.content.children) found.push(one.textContent);
    for (const child of node.childNodes) if (child.nodeType === 3) found.push(child.data);
    for (const name of ["aria-label", "placeholder", "alt"]) found.push(node.getAttribute(name));
  }
  return found.map((text) => (text ?? "").replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""
ENGLISH = re.compile(
    r"\b(the|you|your|hold|holds|held|until|nothing|release[sd]?|with|this|client|board|time|times"
    r"|minutes|show|new|look|check|extend|move|sign|today|yes|of)\b",
    re.IGNORECASE,
)
# What scripts put something into, and what people and cal.com have written themselves.
NAMES = re.compile(r"\{\w+\}|Consult 60|called at nine")


@pytest.fixture(params=[True], ids=["with-scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def set_language(desk: Desk, language: str, button: str) -> None:
    desk.page.goto("/settings/")
    desk.page.locator("[name=language]").select_option(language)
    desk.press(button)
    expect(desk.page.locator("html")).to_have_attribute("lang", language or "en")


@pytest.fixture
def german(sit: Sit) -> Iterator[Desk]:
    """An Admin, who sees every page there is, and sees it in German."""
    desk = sit("vera")
    set_language(desk, "de", "Save")
    yield desk
    set_language(desk, "", "Einstellungen speichern")


@pytest.fixture
def holds(sit: Sit, office: Office) -> list[int]:
    """One of a colleague, one that ended, one that cal.com never answered for, one of one's own."""
    grace, vera = sit("grace"), sit("vera")
    numbers = [grace.place(office.free_time(), note="called at nine")]
    numbers += [vera.place(office.free_time()), vera.place(office.free_time())]
    vera.page.get_by_label("Client hung up").check()
    vera.press("Release this time")
    vera.told("Released")
    office.calcom.faults.add("drop", when="after", method="POST")
    return [*numbers, vera.place(office.free_time())]


def pages(holds: list[int]) -> dict[str, str]:
    """Every page of the site, by a name for its pictures."""
    colleagues, own, ended, unconfirmed = holds
    return {
        "board": "/",
        **{f"board-{tab}": f"/?tab={tab}" for tab in ("mine", "soon", "attention", "ended")},
        "place": "/holds/new",
        "place-week": "/holds/new?event_type_id=1&view=week",
        "hold-colleagues": f"/holds/{colleagues}/",
        "hold-own": f"/holds/{own}/",
        "hold-ended": f"/holds/{ended}/",
        "hold-unconfirmed": f"/holds/{unconfirmed}/",
        "move": f"/holds/{own}/move",
        "look-up": "/look-up",
        "audit": "/audit/",
        "audit-entry": "/audit/1/",
        "settings": "/settings/",
    }


def untranslated() -> set[str]:
    """English texts that read otherwise in German."""
    catalogue = polib.pofile(str(PROJECT / "dashboard/locale/de/LC_MESSAGES/django.po"))
    return {entry.msgid for entry in catalogue if entry.msgstr not in ("", entry.msgid)}


def leftovers(desk: Desk) -> list[str]:
    """What still is English on the page."""
    known = untranslated()
    texts = [NAMES.sub("", text) for text in desk.page.evaluate(TEXTS)]
    return [text for text in texts if text in known or ENGLISH.search(text)]


# Parts that their content does not fit into. Tabs may be pushed along.
CUT_OFF = """() => [...document.querySelectorAll(
    "html, .panel, .button, .tag, td, th, dd, dt, label, legend, h1, h2, p")]
  .filter((part) => part.checkVisibility() && !part.closest(".hide"))
  .filter((part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
  .filter((part) => getComputedStyle(part).display !== "inline")
  .concat([...document.querySelectorAll(".bar a, .bar summary")].filter(
    (part) => part.getBoundingClientRect().right > innerWidth))
  .map((part) => part.outerHTML.slice(0, 160))"""


def cut_off(desk: Desk, width: int) -> list[str]:
    """What does not fit on a screen so many pixels wide."""
    desk.page.set_viewport_size({"width": width, "height": 900})
    return [f"{width}: {part}" for part in desk.page.evaluate(CUT_OFF)]


def test_no_page_has_english_left_in_german_or_breaks_on_any_screen(
    holds: list[int], german: Desk
) -> None:
    found = {}
    for name, address in pages(holds).items():
        german.page.goto(address)
        german.look(f"de-{name}")
        cut = [part for width in WIDTHS for part in cut_off(german, width)]
        german.picture(f"de-{name}-{NARROW}")
        found[name] = (leftovers(german), cut)
    assert {name: wrong for name, wrong in found.items() if wrong != ([], [])} == {}


def test_the_people_pages_speak_german_too(german: Desk) -> None:
    german.page.goto("/admin/")
    assert german.page.locator("html").get_attribute("lang") == "de"
    expect(german.page.get_by_role("link", name="Person hinzufügen")).to_be_visible()
    german.page.get_by_role("link", name="ada", exact=True).click()
    for label in ("Anmeldename", "Rolle", "Neues Passwort noch einmal"):
        expect(german.page.get_by_text(label, exact=False).first).to_be_visible()


def test_the_people_pages_are_for_everybody_too(sit: Sit) -> None:
    vera = sit("vera")
    people = "/admin/dashboard/user/"
    for name, address in {
        "list": "",
        "none": "?q=nobody",
        "add": "add/",
        "own": "3/change/",
    }.items():
        vera.page.goto(people + address)
        vera.look(f"people-{name}")
    vera.page.goto(f"{people}1/change/")
    vera.look("people-change")
    vera.page.locator("[name=new_password]").fill("short")
    vera.page.get_by_role("button", name="Save", exact=True).click()
    expect(vera.page.locator(".errorlist").first).to_be_visible()
    vera.look("people-refused")


def test_whoever_is_not_known_is_spoken_to_as_their_browser_asks(sit: Sit) -> None:
    desk = sit("ada", is_signed_in=False)
    desk.page.set_extra_http_headers({"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"})
    desk.page.goto("/accounts/login/?next=/holds/new")
    assert leftovers(desk) == []
    desk.look("de-sign-in")
    desk.page.locator("[name=username]").fill("ada")
    desk.page.locator("[name=password]").fill("wrong")
    desk.refusals.add(422)
    desk.press("Anmelden")
    desk.told("Name und Passwort passen nicht zusammen.")
    assert leftovers(desk) == []


class TestAnyEars:
    def test_each_button_of_a_row_says_which_hold_it_is_for(
        self, ada: Desk, office: Office
    ) -> None:
        pk = ada.place(office.free_time(), "Noor Haddad")
        ada.page.goto("/")
        row = ada.page.locator(f"#h{pk}")
        slot = row.locator("th a").inner_text()
        if not ada.scripts:
            # The headings of row and column tell it.
            assert row.get_by_role("rowheader").inner_text().startswith(slot)
            return
        names = {"checkbox": "Choose", "button": "+15 min"}
        for role, name in names.items():
            expect(row.get_by_role(role)).to_have_accessible_name(f"{name} {slot} Noor Haddad")
        for link, name in zip(row.locator(".acts a").all(), ("Move", "Release"), strict=True):
            expect(link).to_have_accessible_name(f"{name} {slot} Noor Haddad")

    def test_cards_on_a_phone_are_still_a_table_with_headings(
        self, ada: Desk, office: Office
    ) -> None:
        ada.place(office.free_time())
        ada.page.set_viewport_size({"width": 390, "height": 800})
        ada.page.goto("/")
        heads = ada.page.get_by_role("table").get_by_role("columnheader")
        seen = ["Choose", "Ends in", "Held until", "Slot", "Client", "Held by", "State"]
        expect(heads).to_have_text([*seen, "Actions"])
        box = heads.nth(1).locator("xpath=ancestor::thead").bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (1, 1)

    def test_a_bar_without_warnings_is_no_place_to_go_to(self, ada: Desk, office: Office) -> None:
        ada.place(office.free_time(), reservation_duration="9")
        ada.page.goto("/look-up")
        expect(ada.page.locator("#warnings li")).not_to_have_count(0)
        expect(ada.page.get_by_role("region", name="Holds of yours")).to_have_count(0)


class TestAnyEyes:
    def test_a_name_from_right_to_left_turns_nothing_round_but_itself(
        self, ada: Desk, office: Office
    ) -> None:
        """With the sign before it by which some programs set such names."""
        pk = ada.place(office.free_time(), "\u202e\u05d3\u05d5\u05d3")
        ada.page.goto(f"/release?hold={pk}")
        line = ada.page.locator(".choices li", has=ada.page.locator(f"#hold_{pk}"))
        rights = [line.locator(part).bounding_box() for part in ("b", "bdi", "time")]
        edges = [box["x"] + box["width"] for box in rights if box]
        assert len(edges) == 3
        assert edges == sorted(edges)

    def test_a_long_note_leaves_the_other_holds_in_sight(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time(), note="She rang twice. " * 40)
        ada.page.goto("/")
        note = ada.page.locator(f"#h{pk} .client small")
        lines = "(e) => Math.round(e.clientHeight / parseFloat(getComputedStyle(e).lineHeight))"
        assert note.evaluate(lines) == 3
        ada.page.emulate_media(media="print")
        assert note.evaluate(lines) > 3

    def test_forced_colours_leave_what_matters_visible(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time())
        ada.page.emulate_media(forced_colors="active")
        ada.page.goto("/")
        current = ada.page.locator(".bar nav [aria-current]")
        assert current.evaluate("(e) => getComputedStyle(e).borderBottomWidth") != "0px"
        button = ada.page.locator(f"#h{pk} button").first
        assert button.evaluate("(e) => getComputedStyle(e).borderTopWidth") != "0px"
        icon = ada.page.locator(f"#h{pk} .tag .icon")
        assert icon.evaluate("(e) => getComputedStyle(e).stroke") == button.evaluate(
            "(e) => getComputedStyle(e.closest('tr').querySelector('.tag')).color"
        )
        ada.picture("forced-colors")
        ada.page.goto("/holds/new?event_type_id=1&view=week")
        shown = ada.page.get_by_role("link", name="Week", exact=True)
        assert shown.evaluate("(e) => getComputedStyle(e).borderBottomWidth") == "3px"
        ada.picture("forced-colors-week")

    def test_nothing_moves_for_whoever_wants_no_motion(self, ada: Desk, office: Office) -> None:
        ada.page.emulate_media(reduced_motion="reduce")
        ada.page.goto("/")
        moving = """() => [...document.querySelectorAll("*")].filter((element) => {
          const style = getComputedStyle(element);
          return [style.transitionDuration, style.animationDuration].some(
            (times) => times.split(", ").some((time) => parseFloat(time) > 0));
        }).map((element) => element.outerHTML)"""
        assert ada.page.evaluate(moving) == []

    def test_on_paper_the_board_is_a_list_for_the_counter(self, ada: Desk, office: Office) -> None:
        pk = ada.place(office.free_time(), note="needs the ramp")
        ada.page.goto("/")
        ada.page.emulate_media(media="print")
        row = ada.page.locator(f"#h{pk}")
        for part in ("th", ".until", ".client", ".by", ".state"):
            expect(row.locator(part)).to_be_visible()
        for part in ("header.bar", "footer", "#warnings", f"#h{pk} .acts", f"#h{pk} .left"):
            expect(ada.page.locator(part).first).to_be_hidden()
        ada.page.set_viewport_size({"width": 700, "height": 900})
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= 700
        ada.picture("print")

    def test_the_skip_link_comes_first_and_leads_to_the_content(self, ada: Desk) -> None:
        ada.page.goto("/")
        ada.page.keyboard.press("Tab")
        expect(ada.page.get_by_role("link", name="Skip to the content")).to_be_focused()
        expect(ada.page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
        ada.page.keyboard.press("Enter")
        expect(ada.page.locator("#main")).to_be_focused()
