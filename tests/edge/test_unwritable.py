"""A database that takes no writes: reported, and the pages that only read stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.edge import database, health, setting_readers
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.accounts.cast import PASSWORD
from tests.holds.conftest import calcom, sandbox
from tests.holds.verbs import place
from tests.pages.desk import desk

__all__ = ["calcom", "sandbox"]

REFUSE = {
    "sqlite": "PRAGMA query_only = on",
    "postgresql": "SET default_transaction_read_only = on",
}
ACCEPT = {"sqlite": "PRAGMA query_only = off", "postgresql": "RESET default_transaction_read_only"}
UNSTORED = database.UnstoredSessionError


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def unwritable() -> Iterator[None]:
    """Let this test's connection refuse all writes, as a full disk or a standby does."""
    health.write_refusal.cache_clear()
    execute(REFUSE[connection.vendor])
    try:
        yield
    finally:
        execute(ACCEPT[connection.vendor])
        health.write_refusal.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_probe_and_check_report_it() -> None:
    with unwritable():
        answer = Client().get("/readyz")
        [found] = database.check_writable(databases=["default"])
    assert (answer.status_code, answer.content) == (503, b"not ok")
    assert (found.id, found.hint) == ("edge.E001", database.REMEDY[connection.vendor])
    assert Client().get("/readyz").status_code == 200
    assert database.check_writable(databases=["default"]) == []


@pytest.mark.django_db(transaction=True)
def test_options_that_postgresql_must_not_have_are_reported() -> None:
    if connection.vendor != "postgresql":
        return
    assert database.check_writable(databases=["default"]) == []
    for name, value in (
        ("default_transaction_isolation", "repeatable read"),
        ("datestyle", "German"),
    ):
        execute(f"SET {name} = '{value}'")
        [found] = database.check_writable(databases=["default"])
        assert name in found.msg
        execute(f"RESET {name}")


@pytest.mark.django_db(transaction=True)
def test_probe_writes_once_in_a_while() -> None:
    health.write_refusal.cache_clear()
    assert [health.write_refusal(1), health.write_refusal(1)] == ["", ""]
    with unwritable():
        assert health.write_refusal(2).startswith("the database takes no writes: ")


@pytest.mark.django_db(transaction=True)
def test_pages_that_read_are_shown(calcom: Sandbox, staff: User, admin: User) -> None:
    hold = place(staff)
    ran_out = place(staff, event_type=4)
    Hold.objects.filter(pk=ran_out.pk).update(held_until=timezone.now() - timedelta(minutes=1))
    browser = desk(admin)
    browser.get("/")
    paths = ["/", "/board", "/warnings", f"/holds/{hold.pk}/", f"/holds/{ran_out.pk}/", "/audit/"]
    paths += [f"/holds/{ran_out.pk}/poll", "/settings/"]
    with unwritable():
        shown = {path: browser.get(path).status_code for path in paths}
    assert shown == dict.fromkeys(paths, 200)


def new_session() -> str:
    store = SessionStore()
    store.create()
    return str(store.session_key)


def ask_with_session(method: str, key: str, view: Callable[[], None]) -> HttpResponse:
    """Send a request with a session, in which the view then stores a value."""

    def respond(request: HttpRequest) -> HttpResponse:
        request.session["seen"] = "yes"
        view()
        return HttpResponse("shown")

    request = getattr(RequestFactory(), method)("/")
    request.COOKIES[settings.SESSION_COOKIE_NAME] = key
    return database.BestEffortSessionMiddleware(respond)(request)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_session", [False, True])
@pytest.mark.parametrize(("method", "is_shown"), [("get", True), ("post", False)])
def test_session_that_cannot_be_stored(method: str, is_shown: bool, has_session: bool) -> None:
    key = new_session() if has_session else ""
    with unwritable(), nullcontext() if is_shown else pytest.raises(UNSTORED):
        assert ask_with_session(method, key, lambda: None).content == b"shown"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_answer_after_a_sign_out_in_another_window_is_shown(method: str) -> None:
    """Answer no 400, which says that nothing was done: the view has done its work."""
    key = new_session()
    answer = ask_with_session(method, key, lambda: SessionStore(key).delete())
    assert (answer.status_code, answer.content) == (200, b"shown")
    assert not SessionStore().exists(key)


@pytest.mark.django_db(transaction=True)
def test_forms_answer_in_words(calcom: Sandbox, staff: User) -> None:
    hold = place(staff)
    browser = desk(staff)
    calls = len(calcom.calls())
    with unwritable():
        sent = {"reason": "client_rang_off", "csrfmiddlewaretoken": "x" * 64}
        answer = browser.post(f"/holds/{hold.pk}/release", sent)
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "Nothing has changed, neither here nor at cal.com" in page
    assert len(calcom.calls()) == calls
    # A button sends the same again, once the database takes writes.
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)
    assert dict(fields) == sent
    assert browser.post(f"/holds/{hold.pk}/release", dict(fields)).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_page_repeats_no_password(staff: User) -> None:
    typed = {"username": "staff", "password": PASSWORD}
    with unwritable():
        answer = Client(raise_request_exception=False).post("/accounts/login/", typed)
    assert answer.status_code == 503
    assert PASSWORD not in answer.content.decode()
    assert "Nothing has changed, neither here nor at cal.com" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_page_repeats_no_uid(calcom: Sandbox, staff: User) -> None:
    browser = desk(staff)
    with unwritable():
        answer = browser.post("/look-up", {"uid": "a-uid-of-cal-com"})
    assert answer.status_code == 503
    assert "a-uid-of-cal-com" not in answer.content.decode()
    assert "Nothing has changed, neither here nor at cal.com" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_page_tells_when_a_call_had_been_sent(calcom: Sandbox, staff: User) -> None:
    hold = place(staff)
    browser = desk(staff)

    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if calcom.calls("DELETE") and sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("database or disk is full")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        answer = browser.post(f"/holds/{hold.pk}/release", {"reason": "client_rang_off"})
        later = browser.post("/accounts/logout/")
    assert answer.status_code == 503
    assert "A request had been sent to cal.com" in answer.content.decode()
    assert later.status_code in (302, 503)
    assert "A request had been sent" not in later.content.decode()


@pytest.mark.django_db(transaction=True)
def test_page_does_not_deny_what_was_done_before(calcom: Sandbox, staff: User) -> None:
    """Only the session, with the message about it, cannot be stored."""
    hold = place(staff)
    browser = desk(staff)

    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")) and "django_session" in sql:
            raise OperationalError("database or disk is full") from OSError()
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        answer = browser.post(f"/holds/{hold.pk}/release", {"reason": "client_rang_off"})
    hold.refresh_from_db()
    assert hold.state == Hold.State.RELEASED
    assert may_be_done(answer)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["take-over", "release", "extend"])
def test_page_does_not_deny_what_was_recorded(
    calcom: Sandbox, staff: User, admin: User, verb: str
) -> None:
    hold = place(staff)
    browser = desk(admin)
    recorded = []
    calcom.forget_calls()
    if verb == "extend":  # what came of it is not known, so the page looks at cal.com once more
        calcom.faults.add("drop", when="before", method="PATCH")

    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        is_looked_at = verb != "extend" or len(calcom.calls("GET")) > 1
        if recorded and is_looked_at and not connection.in_atomic_block:
            raise OperationalError("the connection is lost")
        if "dashboard_auditentry" in sql and sql.startswith("INSERT"):
            recorded.extend("x" for values in rest[0] if values in {"event", "outcome"})
        return execute(sql, *rest)

    # Under htmx the answer is the hold's page, which then cannot be read.
    reason = "client_rang_off" if verb == "release" else "busy"
    sent = {"reservation_duration": "30"} if verb == "extend" else {"reason": reason}
    with connection.execute_wrapper(fail):
        answer = browser.post(f"/holds/{hold.pk}/{verb}", sent, headers={"HX-Request": "true"})
    before, hold = hold, Hold.objects.get()
    assert hold.version != before.version
    assert may_be_done(answer)


class DriverError(Exception):
    """Error of PostgreSQL's driver; without ``sqlstate`` the server did not answer."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("sqlstate", "may_be_saved"), [(None, True), ("53100", False)])
def test_page_does_not_deny_a_commit_without_answer(
    admin: User, monkeypatch: pytest.MonkeyPatch, sqlstate: str | None, may_be_saved: bool
) -> None:
    browser = desk(admin)

    def lose_the_connection() -> None:
        connection.close()
        raise OperationalError("commit") from DriverError(sqlstate)

    def refuse() -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "_commit", lose_the_connection)
        patch.setattr(connection, "connect", refuse)
        answer = browser.post("/audit/searches/?find=zoe", {"name": "mine"})
    assert may_be_done(answer) == may_be_saved
    assert ("Nothing has changed" in answer.content.decode()) != may_be_saved


def may_be_done(answer: HttpResponse) -> bool:
    """Return whether it is the page that sends people to the board, and repeats nothing."""
    page = answer.content.decode()
    others = ("Nothing has changed", "not recorded yet", 'type="hidden"')
    is_told = answer.status_code == 503 and "may have been saved all the same" in page
    return is_told and not any(text in page for text in others)


def test_options_that_sqlite_did_not_take_over_are_reported(tmp_path, django_db_blocker) -> None:
    config = setting_readers.sqlite(tmp_path / "db.sqlite3")
    whole = connections.configure_settings({"default": config})["default"]
    with django_db_blocker.unblock(), closing(DatabaseWrapper(whole)) as good:
        assert database.wrong_pragmas(good) == []
    whole["OPTIONS"] = {"timeout": 5}  # as where a network folder has no write-ahead log
    with django_db_blocker.unblock(), closing(DatabaseWrapper(whole)) as bad:
        bad.cursor().execute("PRAGMA journal_mode = DELETE")
        found = database.wrong_pragmas(bad)
    assert found == ["journal_mode=delete", "busy_timeout=5000"]
