"""Pages on screens between a phone's and a desk's."""

import pytest

from tests.browser.user import OpenBrowser


@pytest.mark.parametrize("width", [768, 1024, 1152, 1280])
def test_a_week_stands_in_one_line(open_browser: OpenBrowser, width: int) -> None:
    """Look for a weekend below the other days, where it is easily missed."""
    ada = open_browser("ada", viewport={"width": width, "height": 900})
    for path in ("/holds/new?event_type_id=1&view=week", "/holds/first?view=week"):
        ada.page.goto(path)
        tops = ada.page.locator("section.day").evaluate_all(
            "(days) => days.map((day) => Math.round(day.getBoundingClientRect().top))"
        )
        assert (len(tops), len(set(tops))) == (7, 1), path
        assert ada.page.evaluate("document.documentElement.scrollWidth") == width, path


@pytest.mark.parametrize("width", [961, 1024, 1150, 1201])
def test_the_menu_stands_beside_the_name(open_browser: OpenBrowser, width: int) -> None:
    for name in ("ada", "vera"):
        user = open_browser(name, viewport={"width": width, "height": 900}, locale="de")
        user.page.goto("/settings/")
        tops = [
            user.page.locator(part).bounding_box() or {} for part in (".bar .brand", ".bar .menu")
        ]
        assert len({round(box["y"] + box["height"] / 2) for box in tops}) == 1, name
