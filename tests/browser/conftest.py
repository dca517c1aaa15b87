"""Chromium, an office for it to look at, and people who sit down at their desks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from tests.browser import office as offices
from tests.browser.desk import TELL_VIOLATIONS, Desk, Sit
from tests.browser.office import Office
from tests.parts import program, require

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For one module: as long as it runs, Django's database is out of reach on this thread."""
    path = require("Chromium", program("chromium") or program("chromium-browser"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def office(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with offices.opened(tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture(params=[True, False], ids=["with-scripts", "without-scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, office: Office) -> dict[str, StorageState]:
    """The cookies of everybody, as their browsers have them in the morning."""
    cookies = {}
    for name in offices.PEOPLE:
        context = chromium.new_context(base_url=office.url)
        desk = Desk(context.new_page(), office, scripts=True, name=name)
        desk.page.goto("/")
        desk.sign_in()
        desk.page.wait_for_url(f"{office.url}/")
        cookies[name] = context.storage_state()
        context.close()
    return cookies


@pytest.fixture
def sit(
    chromium: Browser, office: Office, signed_in: dict[str, StorageState], scripts: bool
) -> Iterator[Sit]:
    """Sit down as somebody, signed in or not; in the end no browser may have complained."""
    office.calcom.faults.clear()
    office.calcom.forget_calls()
    desks: list[Desk] = []
    with ExitStack() as contexts:

        def as_person(name: str, *, is_signed_in: bool = True) -> Desk:
            context = chromium.new_context(
                base_url=office.url,
                java_script_enabled=scripts,
                storage_state=signed_in[name] if is_signed_in else None,
                viewport={"width": 1440, "height": 900},
                reduced_motion="reduce",  # colours half-way between two would be measured
            )
            contexts.callback(context.close)
            context.set_default_timeout(10_000)
            context.add_init_script(TELL_VIOLATIONS)
            desks.append(Desk(context.new_page(), office, scripts, name))
            return desks[-1]

        yield as_person
        assert [desk.said for desk in desks] == [[] for _ in desks]


@pytest.fixture
def ada(sit: Sit) -> Desk:
    """Somebody of the staff, signed in."""
    return sit("ada")
