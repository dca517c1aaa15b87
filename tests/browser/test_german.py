"""Every page in German: nothing is left in English, and nothing breaks on any screen."""

from __future__ import annotations

import functools
import re

import polib
import pytest
from playwright.sync_api import expect

from tests.browser.product import WEEK, Product
from tests.browser.user import OpenBrowser, User
from tests.serving import PROJECT

WIDTHS = (1440, 1240, 768, 1280 // 2, 390, 320)  # 1280 / 2 is a usual screen at 200 %
# What people see or hear, text by text.
TEXTS = """() => {
  const found = [document.title];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT);
  for (let node = walk.currentNode; node; node = walk.nextNode()) {
    if (["SCRIPT", "STYLE", "HEAD"].includes(node.tagName)) continue;
    // Names of places, and what people have written about clients.
    if (node.matches("[name=time_zone] option, td.client, td.client *")) continue;
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
# What scripts fill in, and what people and cal.com have written elsewhere.
NAMES = re.compile(r"\{\w+\}|Consult 60|called at nine")
# Parts that their content does not fit into. Tabs may be pushed along.
# Rows far below the screen are not laid out yet, so they have no width to measure.
CUT_OFF = """() => [...document.querySelectorAll(
    "html, .panel, .button, .tag, td, th, dd, dt, label, legend, h1, h2, p")]
  .filter((part) => part.checkVisibility({ contentVisibilityAuto: true }) && !part.closest(".hide"))
  .filter((part) => part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0)
  .filter((part) => getComputedStyle(part).display !== "inline")
  .concat([...document.querySelectorAll(".bar a, .bar summary")].filter(
    (part) => part.getBoundingClientRect().right > innerWidth))
  // On a wide screen the buttons of a row stand in one line.
  .concat([...document.querySelectorAll("td.acts")].filter((part) => innerWidth > 1408
    && new Set([...part.children].map((button) => button.offsetTop)).size > 1))
  .map((part) => part.outerHTML.slice(0, 160))"""


@pytest.fixture
def german(open_browser: OpenBrowser, product: Product) -> User:
    """An Admin, who may open every page, with German as their language."""
    product.post("vera", "/settings/", {"density": "roomy", "shortcuts": "on", "language": "de"})
    return open_browser("vera")


@pytest.fixture
def pages(product: Product) -> dict[str, str]:
    """Paths of every page, by a name for its pictures."""
    client = {"client_name": "Hedy Lamarr"}
    colleagues = product.place("grace", product.free_time(), **client, note="called at nine")
    own, ended = (product.place("vera", product.free_time(), **client) for _ in range(2))
    product.post("vera", f"/holds/{ended}/release", {"reason": "client_rang_off"})
    product.calcom.faults.add("drop", when="after", method="POST")
    unconfirmed = product.place("vera", product.free_time(), **client)
    return {
        "board": "/",
        **{f"board-{tab}": f"/?tab={tab}" for tab in ("mine", "soon", "attention", "ended")},
        "place": "/holds/new",
        "place-week": WEEK,
        "hold-colleagues": f"/holds/{colleagues}/",
        "hold-own": f"/holds/{own}/",
        "hold-ended": f"/holds/{ended}/",
        "hold-unconfirmed": f"/holds/{unconfirmed}/",
        "move": f"/holds/{own}/move",
        "look-up": "/look-up",
        # Refusals are logged in the office's language, so only actions without one are shown.
        "audit": "/audit/?action=place&outcome=ok",
        "audit-entry": "/audit/1/",
        "audit-story": f"/audit/?find=hold:{own}",
        "audit-searches": "/audit/searches/?find=outcome:ok",
        "audit-searches-of-others": "/audit/searches/others",
        "audit-retention": "/audit/retention?before=2020-01-01",
        "settings": "/settings/",
        "password": "/accounts/password/",
    }


# Of the search of the log, such as action:release.
TERMS = re.compile(r"\b[a-z]+:[\w.]+")


@functools.cache
def untranslated() -> set[str]:
    """Return the English texts that read otherwise in German."""
    catalogue = polib.pofile(str(PROJECT / "dashboard/locale/de/LC_MESSAGES/django.po"))
    return {entry.msgid for entry in catalogue if entry.msgstr not in ("", entry.msgid)}


def leftovers(user: User) -> list[str]:
    """Return what still is English on the page."""
    known = untranslated()
    user.page.wait_for_load_state()
    texts = [TERMS.sub("", NAMES.sub("", text)) for text in user.page.evaluate(TEXTS)]
    return [text for text in texts if text in known or ENGLISH.search(text)]


def cut_off(user: User, width: int) -> list[str]:
    """Return what does not fit on a screen of this width."""
    user.page.set_viewport_size({"width": width, "height": 900})
    return [f"{width}: {part}" for part in user.page.evaluate(CUT_OFF)]


def test_no_page_has_english_left_or_breaks_on_any_screen(
    pages: dict[str, str], german: User
) -> None:
    found = {}
    for name, path in pages.items():
        german.page.goto(path)
        cut = [part for width in WIDTHS for part in cut_off(german, width)]
        german.picture(f"de-{name}")
        found[name] = (leftovers(german), cut)
    assert {name: wrong for name, wrong in found.items() if wrong != ([], [])} == {}


def test_the_pages_about_people_are_german(german: User) -> None:
    german.page.goto("/admin/")
    expect(german.page.locator("html")).to_have_attribute("lang", "de")
    expect(german.page.get_by_role("link", name="Person hinzufügen")).to_be_visible()
    german.page.get_by_role("link", name="ada", exact=True).click()
    for label in ("Anmeldename", "Rolle", "Neues Passwort noch einmal"):
        expect(german.page.get_by_text(label, exact=False).first).to_be_visible()


def test_the_sign_in_follows_the_browsers_language(open_browser: OpenBrowser) -> None:
    user = open_browser("ada", is_signed_in=False)
    user.page.set_extra_http_headers({"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"})
    user.page.goto("/accounts/login/?next=/holds/new")
    assert leftovers(user) == []
    user.check_variant("de-sign-in")
    user.page.locator("[name=username]").fill("ada")
    user.page.locator("[name=password]").fill("wrong")
    user.refusals.add(422)
    user.press("Anmelden")
    user.expect_text("Name und Passwort passen nicht zusammen.")
    assert leftovers(user) == []
