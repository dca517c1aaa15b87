"""Passwords that one process hashes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import BoundedSemaphore, Event, Lock

import pytest
from django.conf import settings
from django.test import Client

from dashboard.accounts import hashing
from dashboard.accounts.hashing import TooManyHashesError, turn
from dashboard.accounts.models import SignInAttempts, User
from tests.accounts.admin_pages import NEW, filled_form, page_of
from tests.accounts.cast import PASSWORD, sign_in
from tests.accounts.conftest import Story

LIMIT = 60  # seconds


@pytest.fixture(autouse=True)
def _own_semaphores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "turns", BoundedSemaphore(hashing.AT_ONCE))
    monkeypatch.setattr(hashing, "places", BoundedSemaphore(hashing.AT_ONCE + hashing.WAITING))
    monkeypatch.setattr(hashing, "turns_of_strangers", BoundedSemaphore(hashing.AT_ONCE - 1))


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take all turns, and let nothing wait long for them."""
    monkeypatch.setattr(hashing, "PATIENCE", 0.01)
    with ExitStack() as stack:
        for _ in range(hashing.AT_ONCE):
            stack.enter_context(turn())
        yield


def test_few_hash_and_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "PATIENCE", LIMIT)
    all_asked, lock = Event(), Lock()
    running, most, refused = 0, 0, 0

    def hash_one() -> bool:
        nonlocal running, most, refused
        try:
            with turn():
                with lock:
                    running += 1
                    most = max(most, running)
                assert all_asked.wait(LIMIT)
                with lock:
                    running -= 1
                return True
        except TooManyHashesError:
            with lock:
                refused += 1
                if refused == 16 - hashing.AT_ONCE - hashing.WAITING:
                    all_asked.set()
            return False

    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda _: hash_one(), range(16)))
    assert most == hashing.AT_ONCE
    assert done.count(True) == hashing.AT_ONCE + hashing.WAITING
    with turn():
        pass  # every place was given back


def test_wait_for_a_turn_ends(busy: None) -> None:
    with pytest.raises(TooManyHashesError), turn():
        pass


def test_turn_is_given_back_after_an_error() -> None:
    for _ in range(hashing.AT_ONCE + hashing.WAITING + 1):
        with pytest.raises(ZeroDivisionError), turn():
            raise ZeroDivisionError


@pytest.mark.usefixtures("small_site", "busy")
def test_sign_in_page_asks_to_try_again(
    browser: Client, staff: User, story: Callable[[], Story]
) -> None:
    for _ in range(10):  # more than an unchecked password would be free
        answer = sign_in(browser, "staff", next="/holds/7/")
        said = answer.content.decode()
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "Many people are signing in right now." in said
        assert "Your password was not checked." in said
        assert 'value="staff"' in said
        assert 'name="next" value="/holds/7/"' in said
        assert PASSWORD not in said
    assert story() == []
    assert list(SignInAttempts.objects.filter(count__gt=5).values_list("count")) == [(10,)]


@pytest.mark.usefixtures("small_site")
def test_sign_in_works_again_afterwards(browser: Client, staff: User) -> None:
    assert sign_in(browser, "staff").status_code == 302


@pytest.mark.usefixtures("small_site")
def test_strangers_leave_a_turn_for_people_who_are_known(
    browser: Client, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sign_in(browser, "staff").status_code == 302
    del browser.cookies[settings.SESSION_COOKIE_NAME]
    monkeypatch.setattr(hashing, "PATIENCE", 0.01)
    with ExitStack() as stack:
        for _ in range(hashing.AT_ONCE - 1):
            stack.enter_context(turn(is_known=False))
        assert sign_in(Client(), "staff").status_code == 503
        assert sign_in(browser, "staff").status_code == 302


@pytest.mark.usefixtures("busy")
def test_admin_who_sets_a_password_takes_a_turn(admin: User, staff: User) -> None:
    admins, before = Client(), staff.password
    admins.force_login(admin)
    form = filled_form(staff, first_name="Ada", new_password=NEW, new_password_again=NEW)
    page = admins.post(page_of(staff), form).content.decode()
    staff.refresh_from_db()
    assert (staff.first_name, staff.password) == ("", before)
    assert "Nothing was saved: try again soon." in page
    assert 'value="Ada"' in page
    without_password = filled_form(staff, first_name="Ada")
    assert admins.post(page_of(staff), without_password).status_code == 302
