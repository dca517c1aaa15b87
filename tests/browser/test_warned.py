"""Warned in time, in real seconds: holds of a minute or two, on whatever page somebody is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office

MINUTE = 60_000  # milliseconds
# Everything that is read out, in order.
LISTEN = """
window.heard = [];
document.addEventListener("holdfast:say", (event) => window.heard.push(event.detail));
"""
with_scripts = pytest.mark.parametrize("scripts", [True], indirect=True)


def heard(desk: Desk) -> list[str]:
    """What was said of holds that end, with the seconds left out."""
    said = desk.page.evaluate("window.heard")
    return [re.sub(r"\d+ seconds", "… seconds", one) for one in said if "hold of" in one]


def short_hold(desk: Desk, office: Office, minutes: int, client: str) -> int:
    return desk.place(office.free_time(), client, reservation_duration=str(minutes))


@with_scripts
def test_amber_then_red_on_any_page_and_one_key_extends(ada: Desk, office: Office) -> None:
    ada.page.add_init_script(LISTEN)
    pk = short_hold(ada, office, 2, "Marta Ferri")
    item = ada.page.locator(f"#w{pk}")
    expect(item).to_have_class("soon")
    expect(item).to_contain_text("Marta Ferri")
    expect(ada.page).to_have_title(re.compile(r"^\(1\) .+ · Holdfast$"))
    slot = item.locator("[data-what]").inner_text()
    assert heard(ada) == [f"Your hold of {slot} ends in … seconds."]
    expect(ada.page.locator("#status")).to_contain_text("Your hold of")

    ada.page.goto("/look-up")
    ada.page.get_by_label("Reservation uid").fill("half typed")
    expect(item).to_have_class("soon")
    ada.look("warned-soon")
    assert heard(ada) == []  # it was said before
    expect(item).to_have_class("last", timeout=1.2 * MINUTE)
    assert 55 < ada.seconds_left(f"#w{pk}") <= 60
    assert heard(ada) == [f"Last minute: your hold of {slot} ends in … seconds."]
    ada.look("warned-last")

    ada.page.locator("h1").click()
    ada.page.keyboard.press("e")
    expect(item).to_be_hidden()
    expect(ada.page.locator("#messages")).to_contain_text("is held until")
    expect(ada.page).to_have_title("Look up · Holdfast")
    assert ada.path == "/look-up"
    expect(ada.page.get_by_label("Reservation uid")).to_have_value("half typed")
    [row] = [row for row in office.calcom.live_rows() if row.release_at > office.calcom.clock.now()]
    left = row.release_at - office.calcom.clock.now()
    assert 15 * 60 < left.total_seconds() <= 17 * 60
    ada.page.goto(f"/holds/{pk}/")
    ada.press("Release this time")


@with_scripts
def test_a_hold_of_a_minute_runs_out_before_everybodys_eyes(sit: Sit, office: Office) -> None:
    ada, grace = sit("ada"), sit("grace")
    grace.page.goto("/")
    pk = short_hold(ada, office, 1, "Li Wen")
    ada.page.goto("/")
    expect(ada.page.locator(f"#w{pk}")).to_have_class("last")
    expect(ada.page.locator(f"#h{pk} .left")).to_have_class(re.compile(r"\blast\b"))
    expect(grace.page.locator(f"#h{pk}")).to_contain_text("Li Wen", timeout=7000)
    expect(grace.page.locator("#warnings li")).to_have_count(0)
    ada.look("board-warned")
    office.calcom.forget_calls()
    for desk in (ada, grace):
        expect(desk.page.locator(f"#h{pk}")).to_have_count(0, timeout=1.2 * MINUTE)
    expect(ada.page.locator(f"#w{pk}")).to_be_hidden()
    expect(ada.page).to_have_title("Board · Holdfast")
    assert office.calcom.calls() == []
    ada.page.get_by_role("link", name=re.compile("^Ended")).click()
    expect(ada.page.locator(f"#e{pk}")).to_contain_text("expired")
    ada.look("board-ended")


def test_the_bar_is_there_and_works_when_a_page_is_opened(ada: Desk, office: Office) -> None:
    pk = short_hold(ada, office, 1, "Joseph Okafor")
    ada.page.goto("/settings/")
    item = ada.page.locator(f"#w{pk}")
    expect(item).to_have_class("last")
    expect(item).to_contain_text("held until")
    ada.page.locator(f"#w{pk} button").click()
    expect(item).to_be_hidden()
    ada.page.goto(f"/holds/{pk}/")
    minutes = round(
        (office.calcom.live_rows()[-1].release_at - office.calcom.clock.now()).total_seconds() / 60
    )
    assert minutes in (15, 16)
    ada.press("Release this time")


# Whether the bar lies over what has the focus.
COVERED = """() => {
  const [focus, bar] = [document.activeElement, document.getElementById("warnings")];
  if (focus === document.body || bar.contains(focus)) return "";
  const over = focus.getBoundingClientRect().bottom > bar.getBoundingClientRect().top + 1;
  return over ? focus.outerHTML.slice(0, 160) : "";
}"""


@with_scripts
@pytest.mark.parametrize("size", [(1440, 900), (390, 700)], ids=["desk", "phone"])
def test_the_bar_lies_over_nothing_that_is_used(
    ada: Desk, office: Office, size: tuple[int, int]
) -> None:
    holds = [short_hold(ada, office, 2, "Grace Hopper") for _ in range(3)]
    ada.page.set_viewport_size({"width": size[0], "height": size[1]})
    for path in ("/", "/holds/new"):
        ada.page.goto(path)
        expect(ada.page.locator("#warnings li:visible")).to_have_count(3)
        covered = []
        for _ in range(ada.page.locator("a, button, input, select, summary").count()):
            ada.page.keyboard.press("Tab")
            covered.append(ada.page.evaluate(COVERED))
        assert [one for one in covered if one] == []
    ada.page.locator(f"#w{holds[0]} button").click()
    toast = ada.page.locator(".messages.toast .notice").bounding_box()
    bar = ada.page.locator("#warnings").bounding_box()
    assert toast is not None
    assert bar is not None
    assert toast["y"] + toast["height"] < bar["y"]
    for pk in holds:  # the next one's warnings are their own
        ada.page.goto(f"/holds/{pk}/")
        ada.press("Release this time")
        ada.told("Released")


@with_scripts
def test_on_the_holds_own_page_the_answer_takes_its_place(ada: Desk, office: Office) -> None:
    pk = short_hold(ada, office, 1, "Ivan Petrov")
    ada.page.locator(f"#w{pk} button").click()
    expect(ada.page.locator("#hold .story")).to_contain_text("extended")
    expect(ada.page.locator("#hold .left").first).to_have_text(re.compile(r"^1[56]:"))
    ada.press("Release this time")
