"""Guessing gets slow for the guesser and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboard.accounts import throttling
from dashboard.accounts.models import SignInGuesses, User
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, NOW, PASSWORD, sign_in
from tests.accounts.conftest import Story

OFFICE = "192.0.2.1"


def wait_of(name: str = "staff", address: str = OFFICE, now: datetime = NOW) -> int:
    """The seconds that a try has to wait, 0 for none."""
    wait = throttling.admit(name=name, address=address, now=now)
    return 0 if wait is None else wait.seconds


def use_up(name: str = "staff", address: str = OFFICE) -> None:
    assert [wait_of(name, address) for _ in range(throttling.FREE)] == [0] * throttling.FREE


def test_the_first_few_are_free_and_then_each_wait_is_twice_the_one_before(db: None) -> None:
    use_up()
    now, waits = NOW, []
    for _ in range(9):
        waits.append(wait_of(now=now))
        now += timedelta(seconds=waits[-1])
        assert wait_of(now=now) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300]


def test_a_try_inside_the_wait_makes_it_no_longer(db: None) -> None:
    use_up()
    assert [wait_of() for _ in range(20)] == [2] * 20
    assert wait_of(now=NOW + timedelta(seconds=2)) == 0


def test_another_name_and_another_address_do_not_wait(db: None) -> None:
    use_up()
    assert wait_of() == 2
    assert wait_of(name="colleague") == 0
    assert wait_of(address="198.51.100.9") == 0


def test_the_same_name_in_another_spelling_and_the_same_ipv6_network_count_together(
    db: None,
) -> None:
    for name, address in [
        ("Staff", "2001:db8::1"),
        ("STAFF", "2001:db8::2"),
        ("ｓｔａｆｆ", "2001:db8:0:0:ffff::"),
        ("staff", "2001:db8::3"),
        ("sTaff", "2001:db8::4"),
    ]:
        assert wait_of(name, address) == 0
    assert wait_of("staff", "2001:db8::5") == 2
    assert wait_of("staff", "2001:db8:0:1::5") == 0


def test_a_sign_in_that_worked_wipes_the_count(db: None) -> None:
    use_up()
    throttling.forget(name="staff", address=OFFICE)
    use_up()


def test_a_day_later_it_is_forgotten_and_the_row_is_gone(db: None) -> None:
    use_up()
    later = NOW + throttling.FORGOTTEN_AFTER + timedelta(seconds=1)
    assert wait_of("colleague", now=later) == 0
    assert SignInGuesses.objects.count() == 2  # hers, and the address's


def test_an_address_that_is_none_counts_as_one(db: None) -> None:
    use_up(address="")
    assert wait_of(address="") == 2


def fill(address: str = OFFICE) -> None:
    """As many names as the address has room for."""
    waits = [wait_of(f"name{n}", address) for n in range(throttling.FREE_OF_ADDRESS)]
    assert waits == [0] * throttling.FREE_OF_ADDRESS


def test_another_name_each_time_is_slowed_too(db: None) -> None:
    fill()
    again = throttling.ROOM_AGAIN
    assert wait_of("one more") == again.total_seconds()
    assert wait_of("one more", now=NOW + again) == 0
    assert wait_of("yet one more", now=NOW + again) == again.total_seconds()
    # In time all the room is there again, and no more than that.
    much_later = NOW + timedelta(hours=12)
    assert [wait_of(f"new{n}", now=much_later) for n in range(throttling.FREE_OF_ADDRESS + 1)] == [
        *[0] * throttling.FREE_OF_ADDRESS,
        again.total_seconds(),
    ]


def test_an_address_that_is_full_keeps_no_name_from_signing_in_elsewhere(db: None) -> None:
    fill()
    assert wait_of("staff") > 0
    assert wait_of("staff", "198.51.100.9") == 0


def test_tries_that_are_refused_take_no_room_and_leave_nothing(db: None) -> None:
    fill()
    before = SignInGuesses.objects.count()
    for n in range(30):
        assert wait_of(f"more{n}") == throttling.ROOM_AGAIN.total_seconds()
    assert SignInGuesses.objects.count() == before


def test_an_office_that_signs_in_and_knows_its_passwords_never_waits(db: None) -> None:
    for n in range(3 * throttling.FREE_OF_ADDRESS):
        assert wait_of(f"staff{n}") == 0
        throttling.forget(name=f"staff{n}", address=OFFICE)


def test_signing_in_oneself_gives_a_guesser_nothing_but_that_try_back(db: None) -> None:
    fill()
    later = NOW + throttling.ROOM_AGAIN
    assert wait_of("guesser", now=later) == 0
    throttling.forget(name="guesser", address=OFFICE)
    assert wait_of("victim", now=later) == 0
    assert wait_of("victim", now=later) == throttling.ROOM_AGAIN.total_seconds()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_gain_nothing() -> None:
    def one_try(_: int) -> int:
        try:
            return wait_of()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(one_try, range(24)))
    assert waits.count(0) == throttling.FREE


@pytest.mark.usefixtures("small_site")
def test_at_the_page_the_right_password_waits_too_and_is_not_looked_at(
    browser: Client, staff: User, story: Callable[[], Story]
) -> None:
    for _ in range(throttling.FREE):
        assert sign_in(browser, "staff", "wrong").status_code == 422
    for _ in range(3):
        answer = sign_in(browser, "staff")
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 2
        assert "Too many tries from here." in answer.content.decode()
        assert PASSWORD not in answer.content.decode()
    # The tries inside the wait are in the audit once, so that nobody floods it.
    assert story() == [("staff", "sign_in_failed", "refused")] * (throttling.FREE + 1)
    codes = AuditEntry.objects.filter(action="sign_in_failed").values_list("error_code", flat=True)
    assert sorted(codes) == [""] * throttling.FREE + ["too_many_guesses"]


@pytest.mark.usefixtures("small_site")
def test_the_office_is_not_locked_out_by_a_stranger_who_guesses(
    browser: Client, staff: User
) -> None:
    use_up(address="198.51.100.9")
    assert wait_of(address="198.51.100.9") == 2
    assert sign_in(browser, "staff").status_code == 302


@pytest.mark.usefixtures("small_site")
def test_after_the_wait_the_right_password_works(browser: Client, staff: User) -> None:
    for _ in range(throttling.FREE + 1):
        sign_in(browser, "staff", "wrong")
    SignInGuesses.objects.update(wait_until=timezone.now())
    assert sign_in(browser, "staff")["Location"] == "/"
    assert browser.get(LOGIN).status_code == 302


@pytest.mark.usefixtures("small_site")
def test_at_the_page_a_full_address_is_told_to_wait_and_the_audit_has_it_once(
    browser: Client, staff: User, story: Callable[[], Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "FREE_OF_ADDRESS", 2)
    statuses = [sign_in(browser, f"name{n}", "wrong").status_code for n in range(5)]
    assert statuses == [422, 422, 429, 429, 429]
    assert [entry[1:] for entry in story()] == [("sign_in_failed", "refused")] * 3
    assert len({entry[0] for entry in story()}) == 3
    answer = sign_in(browser, "staff")
    assert 1 <= int(answer["Retry-After"]) <= throttling.ROOM_AGAIN.total_seconds()
