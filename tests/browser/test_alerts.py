"""Warnings that are heard: read out, a tone, a desktop notice, each once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.test_warnings import LISTEN, heard
from tests.browser.user import User

MINUTE = 60  # seconds
# Resolves when the page has handled what it had to.
AT_REST = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
ALERTED = """new Promise((done) => {
  const end = performance.now() + 10000;
  const isOver = () => window.alerts.length || performance.now() > end;
  const look = () => (isOver() ? done(window.alerts) : setTimeout(look, 50));
  look();
})"""
NO_STORAGE = """
for (const name of ["localStorage", "sessionStorage"]) {
  const get = () => { throw new DOMException("off", "SecurityError"); };
  Object.defineProperty(window, name, { get });
}
"""
COLLECT_SHIFTS = """
window.shifts = [];
const line = (one) => `${one.value} ${one.sources.map((part) => part.node?.outerHTML)}`;
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(line)))
  .observe({ type: "layout-shift" });
"""
# Stands in for a loudspeaker and a desktop, which test machines do not have.
COLLECT_ALERTS = """
window.alerts = [];
window.AudioContext = class {
  currentTime = 0;
  state = window.isBlocked ? "suspended" : "running";
  async resume() {
    this.state = "running";
    this.onstatechange?.();
  }
  createOscillator() {
    const start = () => window.alerts.push("tone");
    return { frequency: {}, connect: (next) => next, start, stop: () => {} };
  }
  createGain() {
    const gain = { setValueAtTime: () => {}, exponentialRampToValueAtTime: () => {} };
    return { gain, connect: () => {} };
  }
};
window.Notification = class {
  static permission = "granted";
  static async requestPermission() { window.alerts.push("permission"); }
  constructor(_title, { body }) { window.alerts.push(body); }
};
"""


class TestAlerts:
    """A hold comes to its last two minutes while a person looks at the board."""

    @pytest.fixture
    def alerting(self, product: Product) -> None:
        """Ada wants sounds and notifications."""
        wanted = {"density": "roomy", "sound": "on", "desktop_notice": "on"}
        product.post("ada", "/settings/", wanted)

    def watch_for_warning(self, ada: User, product: Product) -> str:
        """Open the board before the warning and let time pass; return what the warning names."""
        fields = {"reservation_duration": "3"}
        pk = product.place("ada", product.free_time(), "Joseph Okafor", **fields)
        item = ada.page.locator(f"#w{pk}")
        ada.page.add_init_script(COLLECT_ALERTS)
        ada.page.goto("/")
        expect(item).to_be_hidden()
        ada.page.evaluate(COLLECT_SHIFTS)
        ada.pass_time(MINUTE)
        expect(item).to_have_class("soon")
        return item.locator("[data-slot]").inner_text()

    def test_are_only_read_out_where_nothing_else_is_wanted(
        self, ada: User, product: Product
    ) -> None:
        slot = self.watch_for_warning(ada, product)
        expect(ada.page.locator("#status")).to_contain_text(f"Your hold of {slot} ends")
        assert ada.page.evaluate("window.alerts") == []
        assert ada.page.evaluate("window.shifts") == []

    def test_sound_and_notify_once_and_do_not_name_the_client(
        self, alerting: None, ada: User, product: Product
    ) -> None:
        slot = self.watch_for_warning(ada, product)
        countdown = ada.page.locator("#warnings .left")
        expect(countdown).not_to_have_text(countdown.inner_text())  # one tick later
        tone, notification = ada.page.evaluate("window.alerts")
        assert tone == "tone"
        assert notification.startswith(f"Your hold of {slot} ends in ")
        assert "Okafor" not in notification

    def test_wait_for_the_first_click_where_the_browser_blocks_sound(
        self, alerting: None, ada: User, product: Product
    ) -> None:
        product.place("ada", product.free_time(), "Li Wen", reservation_duration="1")
        ada.page.add_init_script("window.isBlocked = true;" + COLLECT_ALERTS)
        ada.page.goto("/look-up")
        hint = ada.page.get_by_text("The browser plays no sound until you click")
        expect(hint).to_be_visible()
        assert len(wait_for_alerts(ada)) == 1  # the notice
        ada.page.reload()
        expect(hint).to_be_visible()
        assert ada.page.evaluate("window.alerts") == []
        ada.page.locator("h1").click()
        expect(hint).to_be_hidden()
        assert wait_for_alerts(ada) == ["tone"]
        ada.page.reload()
        expect(hint).to_be_visible()
        ada.page.locator("h1").click()
        tick(ada)
        assert ada.page.evaluate("window.alerts") == []

    def test_are_on_time_where_the_browser_stops_the_timers_of_a_hidden_page(
        self, alerting: None, ada: User, product: Product
    ) -> None:
        product.place("ada", product.free_time(), "Li Wen", reservation_duration="1")
        ada.page.add_init_script(COLLECT_ALERTS + "window.setTimeout = () => 0;")
        ada.page.goto("/look-up")
        countdown = ada.page.locator("#warnings .left")
        expect(countdown).not_to_have_text(countdown.inner_text())
        assert len(ada.page.evaluate("window.alerts")) == 2

    @pytest.mark.parametrize("is_answered", [True, False])
    def test_come_without_a_worker_too(
        self, alerting: None, ada: User, product: Product, is_answered: bool
    ) -> None:
        product.place("ada", product.free_time(), "Li Wen", reservation_duration="1")
        ada.page.route("**/ticker*.js", lambda route: route.abort() if is_answered else None)
        ada.page.add_init_script(COLLECT_ALERTS)
        ada.page.goto("/look-up")
        tick(ada)
        assert wait_for_alerts(ada)

    def test_sound_once_where_storage_is_switched_off(
        self, alerting: None, ada: User, product: Product
    ) -> None:
        product.place("ada", product.free_time(), "Li Wen", reservation_duration="1")
        ada.page.add_init_script(COLLECT_ALERTS + NO_STORAGE + LISTEN)
        ada.page.goto("/look-up")
        wait_for_alerts(ada)
        tick(ada)
        assert len(ada.page.evaluate("window.alerts")) == 2
        assert len(heard(ada)) == 1

    def test_the_settings_try_the_sound_and_ask_for_permission(self, ada: User) -> None:
        ada.page.add_init_script(COLLECT_ALERTS)
        ada.page.goto("/settings/")
        ada.press("Test the sound")
        ada.expect_text("This is the sound.")
        assert ada.page.evaluate("window.alerts") == ["tone"]
        ada.page.check("[name=desktop_notice]")
        ada.page.uncheck("[name=desktop_notice]")
        assert ada.page.evaluate("window.alerts") == ["tone", "permission"]

    def test_a_browser_that_shows_no_notices_is_named(self, ada: User) -> None:
        ada.page.add_init_script(COLLECT_ALERTS.replace("granted", "denied"))
        ada.page.goto("/settings/")
        ada.page.check("[name=desktop_notice]")
        denied = ada.page.get_by_text("Your browser shows no notices from Holdfast.")
        expect(denied).to_be_visible()
        ada.page.uncheck("[name=desktop_notice]")
        expect(denied).to_be_hidden()


def wait_for_alerts(user: User) -> list[str]:
    """Wait until a tone or a notice has come; return all so far, none after ten seconds."""
    return list(user.page.evaluate(ALERTED))


def tick(user: User) -> None:
    """Wait until the countdown has gone on."""
    countdown = user.page.locator("#warnings .left")
    shown = countdown.inner_text()
    expect(countdown).not_to_have_text(shown)
    user.page.evaluate(AT_REST)
