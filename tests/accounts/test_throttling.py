"""Throttling of sign-in attempts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboard.accounts import throttling
from dashboard.accounts.models import SignInAttempts, User
from dashboard.accounts.throttling import Attempt
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, NOW, PASSWORD, send, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.slow  # details of accounts: the fast lane has test_sign_in and test_access

OFFICE = "192.0.2.1"


@pytest.fixture(autouse=True)
def small_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an address try fewer names at once, so that a test has fewer to try."""
    monkeypatch.setattr(throttling, "ADDRESS_BURST", 30)


def wait_of(
    name: str = "staff", address: str = OFFICE, now: datetime = NOW, browser: str = ""
) -> int:
    """Count an attempt; return the seconds it has to wait, 0 for none."""
    wait = throttling.admit(Attempt(name, address, browser), now=now)
    return 0 if wait is None else wait.seconds


def use_up(name: str = "staff", address: str = OFFICE) -> None:
    assert [wait_of(name, address) for _ in range(throttling.FREE_ATTEMPTS)] == [
        0
    ] * throttling.FREE_ATTEMPTS


def test_waits_double_after_the_free_attempts(db: None) -> None:
    use_up()
    now, waits = NOW, []
    for _ in range(9):
        waits.append(wait_of(now=now))
        now += timedelta(seconds=waits[-1])
        assert wait_of(now=now) == 0
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300]


def test_attempt_inside_the_wait_does_not_extend_it(db: None) -> None:
    use_up()
    assert [wait_of() for _ in range(20)] == [2] * 20
    assert wait_of(now=NOW + timedelta(seconds=2)) == 0


def test_other_names_and_addresses_do_not_wait(db: None) -> None:
    use_up()
    assert wait_of() == 2
    assert wait_of(name="colleague") == 0
    assert wait_of(address="198.51.100.9") == 0


def test_spellings_of_a_name_and_addresses_of_an_ipv6_network_share_a_counter(
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


def test_successful_sign_in_resets_the_counter(db: None) -> None:
    use_up()
    throttling.reset(Attempt("staff", OFFICE))
    use_up()


def test_counter_is_deleted_after_a_day(db: None) -> None:
    use_up()
    later = NOW + throttling.RESET_AFTER + timedelta(seconds=1)
    assert wait_of("colleague", now=later) == 0
    assert SignInAttempts.objects.count() == 2  # of the new attempt: by name and by address


def test_missing_address_is_counted(db: None) -> None:
    use_up(address="")
    assert wait_of(address="") == 2


def use_up_address() -> None:
    """Use up the burst of an address with different names."""
    waits = [wait_of(f"name{n}") for n in range(throttling.ADDRESS_BURST)]
    assert waits == [0] * throttling.ADDRESS_BURST


def test_different_names_are_limited_by_address(db: None) -> None:
    use_up_address()
    refill = throttling.ADDRESS_REFILL
    assert wait_of("one more") == refill.total_seconds()
    assert wait_of("one more", now=NOW + refill) == 0
    assert wait_of("yet one more", now=NOW + refill) == refill.total_seconds()
    # After hours the whole burst is available again, and no more.
    much_later = NOW + timedelta(hours=12)
    assert [wait_of(f"new{n}", now=much_later) for n in range(throttling.ADDRESS_BURST + 1)] == [
        *[0] * throttling.ADDRESS_BURST,
        refill.total_seconds(),
    ]


def test_limited_address_does_not_limit_names_elsewhere(db: None) -> None:
    use_up_address()
    assert wait_of("staff") > 0
    assert wait_of("staff", "198.51.100.9") == 0


def test_refused_attempts_create_no_rows(db: None) -> None:
    use_up_address()
    before = SignInAttempts.objects.count()
    for n in range(30):
        assert wait_of(f"more{n}") == throttling.ADDRESS_REFILL.total_seconds()
    assert SignInAttempts.objects.count() == before


def test_successful_sign_ins_never_wait(db: None) -> None:
    for n in range(3 * throttling.ADDRESS_BURST):
        assert wait_of(f"staff{n}") == 0
        throttling.reset(Attempt(f"staff{n}", OFFICE))


def test_attackers_own_sign_in_gives_back_only_that_attempt(db: None) -> None:
    use_up_address()
    later = NOW + throttling.ADDRESS_REFILL
    assert wait_of("guesser", now=later) == 0
    throttling.reset(Attempt("guesser", OFFICE))
    assert wait_of("victim", now=later) == 0
    assert wait_of("victim", now=later) == throttling.ADDRESS_REFILL.total_seconds()


@pytest.mark.django_db(transaction=True)
def test_parallel_attempts_gain_nothing() -> None:
    def attempt(_: int) -> int:
        try:
            return wait_of()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(attempt, range(24)))
    assert waits.count(0) == throttling.FREE_ATTEMPTS


@pytest.mark.usefixtures("small_site")
def test_page_does_not_check_passwords_during_the_wait(
    browser: Client, staff: User, story: Callable[[], Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    for _ in range(throttling.FREE_ATTEMPTS):
        assert sign_in(browser, "staff", "wrong").status_code == 422
    for _ in range(3):
        answer = sign_in(browser, "staff")
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 2
        assert "Too many tries from here." in answer.content.decode()
        assert PASSWORD not in answer.content.decode()
    # The log has one entry for all attempts inside the wait.
    assert story() == [("staff", "sign_in_failed", "refused")] * (throttling.FREE_ATTEMPTS + 1)
    codes = AuditEntry.objects.filter(action="sign_in_failed").values_list("error_code", flat=True)
    assert sorted(codes) == [""] * throttling.FREE_ATTEMPTS + ["too_many_guesses"]


@pytest.mark.usefixtures("small_site")
def test_attacker_elsewhere_does_not_lock_out_the_office(browser: Client, staff: User) -> None:
    use_up(address="198.51.100.9")
    assert wait_of(address="198.51.100.9") == 2
    assert sign_in(browser, "staff").status_code == 302


@pytest.mark.usefixtures("small_site")
def test_password_works_after_the_wait(browser: Client, staff: User) -> None:
    for _ in range(throttling.FREE_ATTEMPTS + 1):
        sign_in(browser, "staff", "wrong")
    SignInAttempts.objects.update(wait_until=timezone.now())
    assert sign_in(browser, "staff")["Location"] == "/"
    assert browser.get(LOGIN).status_code == 302


@pytest.mark.usefixtures("small_site")
def test_page_limits_an_address_and_logs_it_once(
    browser: Client, staff: User, story: Callable[[], Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "ADDRESS_BURST", 2)
    statuses = [sign_in(browser, f"name{n}", "wrong").status_code for n in range(5)]
    assert statuses == [422, 422, 429, 429, 429]
    assert [entry[1:] for entry in story()] == [("sign_in_failed", "refused")] * 3
    assert len({entry[0] for entry in story()}) == 3
    answer = sign_in(browser, "staff")
    assert 1 <= int(answer["Retry-After"]) <= throttling.ADDRESS_REFILL.total_seconds()


HOURS_AHEAD = NOW + timedelta(hours=3)


def test_clock_set_back_makes_no_long_wait(db: None) -> None:
    for n in range(throttling.ADDRESS_BURST - 20):
        assert wait_of(f"name{n}", now=HOURS_AHEAD) == 0
    ahead = HOURS_AHEAD
    for _ in range(20):
        ahead += timedelta(seconds=wait_of(now=ahead))
        wait_of(now=ahead)
    waits = {"staff": wait_of(), "other": wait_of("other")}
    assert 0 <= waits["other"] <= throttling.ADDRESS_REFILL.total_seconds()
    assert 0 < waits["staff"] <= throttling.MAX_WAIT.total_seconds()
    # They run out, also while the clock is still behind where it was.
    assert wait_of(now=NOW + throttling.MAX_WAIT) == 0
    assert wait_of("other", now=NOW + throttling.MAX_WAIT) == 0


def test_known_browser_has_a_counter_of_its_own(db: None) -> None:
    use_up_address()
    use_up("colleague", address="198.51.100.9")
    assert wait_of("staff") > 0
    waits = [wait_of("staff", browser="b1") for _ in range(throttling.FREE_ATTEMPTS + 1)]
    assert waits == [*[0] * throttling.FREE_ATTEMPTS, 2]
    assert wait_of("staff", "198.51.100.9", browser="b1") == 2  # wherever it is
    assert wait_of("staff", browser="b2") == 0
    throttling.reset(Attempt("staff", OFFICE, "b1"))
    assert wait_of("staff", browser="b1") == 0
    assert wait_of("staff") > 0  # the address got nothing back


def test_attempt_can_be_given_back(db: None) -> None:
    use_up()
    later = NOW + timedelta(seconds=2)
    assert wait_of(now=later) == 0
    throttling.give_back(Attempt("staff", OFFICE), now=later)
    assert wait_of(now=later) == 0
    assert wait_of(now=later) == 4


@pytest.mark.usefixtures("small_site")
def test_known_browser_signs_in_where_strangers_wait(
    browser: Client, staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "ADDRESS_BURST", 2)
    sign_in(browser, "staff")
    send(browser, "/accounts/logout/")
    stranger = Client(enforce_csrf_checks=True)
    statuses = [sign_in(stranger, f"name{n}", "wrong").status_code for n in range(4)]
    assert statuses == [422, 422, 429, 429]
    assert sign_in(stranger, "staff").status_code == 429
    assert sign_in(browser, "colleague").status_code == 429  # not with this browser yet
    assert sign_in(browser, "staff", "wrong").status_code == 422
    assert sign_in(browser, "staff").status_code == 302
    # A cookie of another browser's making is worth nothing.
    stranger.cookies["holdfast_last_user"] = f"0123456789abcdef..{staff.pk}:1vXyzA:0123456789"
    assert sign_in(stranger, "staff").status_code == 429


@pytest.mark.usefixtures("small_site")
@pytest.mark.parametrize("arguments", [[], ["--address", "127.0.0.1"]])
def test_command_ends_the_waits(
    browser: Client,
    staff: User,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(throttling, "ADDRESS_BURST", 8)
    for _ in range(throttling.FREE_ATTEMPTS + 1):
        sign_in(browser, "staff", "wrong")
    for n in range(4):
        sign_in(browser, f"name{n}", "wrong")
    assert sign_in(browser, "staff").status_code == 429
    call_command("unlock_sign_in", "--address", "192.0.2.99")
    assert sign_in(browser, "staff").status_code == 429
    call_command("unlock_sign_in", *arguments)
    assert sign_in(browser, "staff").status_code == 302
    of = "127.0.0.1" if arguments else "all addresses"
    assert capsys.readouterr().out == f"There was no wait to end.\nEnded the waits of {of}.\n"
    with pytest.raises(CommandError, match="'desk' does not appear to be"):
        call_command("unlock_sign_in", "--address", "desk")
    entry = AuditEntry.objects.filter(action="sign_in_unlocked").latest("id")
    assert (entry.actor_name, entry.asked) == (
        "system",
        {"address": "127.0.0.1"} if arguments else {},
    )
