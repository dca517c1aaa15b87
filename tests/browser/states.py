"""Every page of the product in its states, reached as people reach them, on seeded holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread

from playwright.sync_api import expect

from tests.browser.product import WEEK, Product, typed
from tests.browser.user import User
from tests.future_dates import day

NO_UID = "no-such-reservation"


@dataclass(frozen=True)
class Seed:
    """Numbers of the holds that ``seed`` has made, and a reservation that is not on the board."""

    own: int
    colleagues: int
    noted: int
    released: int
    gone: int
    unconfirmed: int
    unknown_uid: str


def seed(product: Product) -> Seed:
    """Place holds of every kind through the product."""

    def place(name: str, client: str, minutes: int = 15, **fields: str) -> int:
        at = product.free_time()
        return product.place(name, at, client, reservation_duration=str(minutes), **fields)

    released, gone = place("ada", "Sofia Marchetti"), place("grace", "Grace Mbeki")
    reason = {"reason": "client_rang_off", "note": "will call again"}
    product.post("ada", f"/holds/{released}/release", reason)
    product.calcom.remove_reservations()
    product.post("grace", f"/holds/{gone}/check", {})
    product.calcom.faults.add("drop", when="after", method="POST")
    unconfirmed = place("ada", "Ivan Petrov")
    offered = place("ada", "Emmy Noether", 30)
    product.post("ada", "/offers/new", {"hold": str(offered)})
    place("ada", "Emmy Noether", 30, offer="1")  # the first offer
    place("ada", "Marta Ferri", 2, note="called at nine, rings back")
    place("grace", "P. Moreau", 25, event_type_id="4")
    return Seed(
        own=place("ada", "Dr. Anneliese Brandstätter-Hohenwarth", 20),
        colleagues=place("grace", "Li Wen", 13, client_contact="+39 06 123"),
        noted=place("ada", "Noor Haddad", 60, note="eight people, needs the ramp"),
        released=released,
        gone=gone,
        unconfirmed=unconfirmed,
        unknown_uid=product.calcom.insert_reservation(1, product.free_time(), minutes=40).uid,
    )


State = Callable[[User, Seed], object]


def at(path: str) -> State:
    """Open this path; {names} in it are those of Seed."""
    return lambda user, seed: user.page.goto(path.format(**vars(seed)))


def sign_in_refused(user: User, _seed: Seed) -> None:
    user.page.goto("/accounts/login/")
    user.page.locator("[name=username]").fill(user.name)
    user.page.locator("[name=password]").fill("wrong")
    user.press("Sign in")
    user.expect_text("If you do not know your password")


def board_found(user: User, _seed: Seed) -> None:
    user.page.goto("/")
    user.page.get_by_role("searchbox").fill("haddad")


def place_invalid(user: User, _seed: Seed) -> None:
    user.page.goto("/holds/new")
    user.fill(reservation_duration="")
    user.press("Hold this time")
    user.expect_text("Not saved.")


def place_refused(user: User, _seed: Seed) -> None:
    taken = user.product.free_time() - timedelta(hours=7)
    user.page.goto(f"/holds/new?day={taken:%Y-%m-%d}")
    user.product.calcom.insert_reservation(1, taken)
    user.type_time(taken)
    user.fill(client_name="Marta Ferri")
    user.press("Hold this time")
    user.expect_text("This time is already reserved at cal.com.")


def hold_refused(user: User, seed: Seed) -> None:
    user.page.goto(f"/holds/{seed.noted}/")
    user.page.get_by_text("Until a set time…").click()
    user.fill(reservation_duration="5")
    user.press("Extend")
    user.expect_text("this would shorten it")


def hold_changing(user: User, seed: Seed) -> None:
    """Make cal.com answer a change only after the picture was taken."""
    user.product.calcom.faults.add("delay", method="PATCH", seconds=5)
    extend = (user.name, f"/holds/{seed.own}/extend", {"add": "5"})
    Thread(target=user.product.post, args=extend).start()
    while "changing" not in user.page.content():
        user.page.goto(f"/holds/{seed.own}/")


def move_preview(user: User, seed: Seed) -> None:
    user.page.goto(f"/holds/{seed.noted}/move?slot_start={typed(user.product.free_time())}")


def offer(user: User, _seed: Seed) -> None:
    user.page.goto("/offers/1/")
    user.expect_text("Times offered to Emmy Noether")


def look_up(uid: str) -> State:
    def show(user: User, seed: Seed) -> None:
        user.page.goto("/look-up")
        user.fill(uid=uid.format(**vars(seed)))
        user.press("Look up")
        expect(user.page.locator("#look-up :is(#found, .notice)")).to_be_visible()

    return show


STATES: dict[str, tuple[str, State]] = {  # by name: who looks, and what leads there
    "sign-in": ("", at("/accounts/login/")),
    "sign-in-refused": ("", sign_in_refused),
    "board": ("ada", at("/")),
    "board-mine": ("ada", at("/?tab=mine")),
    "board-soon": ("ada", at("/?tab=soon")),
    "board-soon-empty": ("vera", at("/?tab=mine")),
    "board-attention": ("ada", at("/?tab=attention")),
    "board-ended": ("ada", at("/?tab=ended")),
    "board-found": ("ada", board_found),
    "place": ("ada", at("/holds/new")),
    "place-week": ("ada", at(f"{WEEK}&client_zone=America/New_York")),
    "place-seats": ("ada", at(f"/holds/new?event_type_id=3&view=week&day={day(0)}")),
    "place-invalid": ("ada", place_invalid),
    "place-refused": ("ada", place_refused),
    "hold": ("ada", at("/holds/{noted}/")),
    "hold-colleague": ("grace", at("/holds/{noted}/")),
    "hold-admin": ("vera", at("/holds/{colleagues}/")),
    "hold-refused": ("ada", hold_refused),
    "hold-changing": ("ada", hold_changing),
    "hold-unconfirmed": ("ada", at("/holds/{unconfirmed}/")),
    "hold-gone": ("grace", at("/holds/{gone}/")),
    "hold-released": ("ada", at("/holds/{released}/")),
    "move": ("ada", at("/holds/{noted}/move")),
    "move-preview": ("ada", move_preview),
    "offer": ("ada", offer),
    "look-up": ("ada", at("/look-up")),
    "look-up-found": ("ada", look_up("{unknown_uid}")),
    "look-up-nothing": ("ada", look_up(NO_UID)),
    "release": ("ada", at("/release?hold={own}&hold={noted}&hold={colleagues}")),
    "audit": ("vera", at("/audit/")),
    "audit-empty": ("vera", at("/audit/?until=2000-01-01")),
    "audit-entry": ("vera", at("/audit/1/")),
    "audit-retention": ("vera", at("/audit/retention?before=2025-01-01")),
    "settings": ("ada", at("/settings/")),
    "password": ("ada", at("/accounts/password/")),
    "people": ("vera", at("/admin/dashboard/user/")),
    "person": ("vera", at("/admin/dashboard/user/1/change/")),
    "denied": ("ada", at("/audit/")),
    "not-found": ("ada", at("/holds/9999999/")),
}
