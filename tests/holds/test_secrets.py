"""The uid opens a reservation and the key opens cal.com: neither is ever told.

The whole journey runs at log level DEBUG, good days and bad ones; then every log line, page,
header, cookie, entry and traceback is searched for them.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django.views.debug import ExceptionReporter

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import endings, settle
from dashboard.holds.models import Hold, Upstream
from dashboard.sandbox import Sandbox
from tests.holds.cast import ALL, CONSULT, LATER, MONDAY, ONE, ROUND_ROBIN, SHORT
from tests.holds.defect import crash
from tests.holds.desk import ask, desk

KEY = "cal_ownerfast0123456789"


class Told:
    """All that anybody can see: answers with their headers and cookies, as text."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.texts: list[str] = []

    def keep(self, answer: HttpResponse) -> HttpResponse:
        cookies = answer.cookies.output()
        self.texts.append(f"{answer.headers} {cookies} {answer.content.decode()}")
        return answer

    def get(self, address: str) -> HttpResponse:
        return self.keep(self.browser.get(address))

    def send(self, address: str, **data: Any) -> HttpResponse:
        return self.keep(self.browser.post(address, data))


def journey(told: Told, calcom: Sandbox) -> int:
    """Every verb, on a good day; gives the hold's number."""
    told.keep(ask(told.browser))
    number = Hold.objects.latest("id").pk
    page = f"/holds/{number}/"
    told.send(f"{page}extend", reservation_duration=30)
    told.send(f"{page}move", slot_start=LATER.isoformat())
    told.send(f"{page}move", slot_start=LATER.isoformat(), event_type_id=SHORT)
    told.send(f"{page}check")
    told.send("/check", hold=[number])
    told.keep(ask(told.browser, event_type_id=ROUND_ROBIN))
    told.send(f"/holds/{Hold.objects.latest('id').pk}/extend", add=15)
    for path in ("/", page, f"{page}move", "/look-up", "/audit/", "/board"):
        told.get(path)
    for row in calcom.live_rows():  # known ones
        told.send("/look-up", uid=row.uid)
    return number


def troubles(told: Told, calcom: Sandbox, number: int) -> None:
    """Answers that repeat the uid, and none at all, at every verb."""
    page = f"/holds/{number}/"
    for kind, when in [
        ("429", "before"),
        ("500", "before"),
        ("502", "after"),
        ("truncated", "after"),
        ("drop", "before"),
        ("stranger-books", "before"),
    ]:
        for method in ("GET", "PATCH", "DELETE", "POST"):
            calcom.faults.add(
                kind, when=when, method=method, route=ALL if method == "POST" else ONE
            )
        told.keep(ask(told.browser, slot_start=(MONDAY + timedelta(days=9)).isoformat()))
        told.send(f"{page}check")
        told.send(f"{page}extend", reservation_duration=60)
        told.send(f"{page}move", slot_start=MONDAY.isoformat(), event_type_id=SHORT)
        calcom.faults.clear()
        Upstream.objects.update(blocked_until=None, rate_resets_at=None)
    for uid in {row.uid for row in calcom.live_rows()}:
        calcom.remove_holds(uid)
    for hold in Hold.objects.exclude(reservation_uid=None):
        told.send(
            f"/holds/{hold.pk}/extend", reservation_duration=60
        )  # "Slot with uid=… not found"
        told.send(f"/holds/{hold.pk}/release", reason="mistake")
        told.get(f"/holds/{hold.pk}/")


def found_on(page: HttpResponse) -> str:
    """What the form carries in the uid's place."""
    [tag] = re.findall(r'<input[^>]*name="find"[^>]*>', page.content.decode())
    return re.findall(r'value="(\w+)"', tag)[0]


def looked_up(told: Told, calcom: Sandbox) -> list[str]:
    """Reservations of strangers: found, taken, refused, absent."""
    found = calcom.insert_hold(CONSULT, MONDAY + timedelta(days=14)).uid
    absent = "0a82208a-1111-4222-8333-444455556666"
    for kind in ("429", "500", "drop", "html"):
        calcom.faults.add(kind, method="GET", route=ONE, count=None)
        told.send("/look-up", uid=found)
        told.send("/look-up", uid=found, take="yes")
        calcom.faults.clear()
        Upstream.objects.update(blocked_until=None, rate_resets_at=None)
    told.send("/look-up", uid=absent)
    told.send("/look-up", uid=absent, take="yes")
    told.send("/look-up", uid=f"{found}/{found}")
    page = told.send("/look-up", uid=found)
    told.send("/look-up", find=found_on(page), take="yes", client_name="Ada")
    told.get("/")
    return [found, absent]


def test_neither_uid_nor_key_is_ever_told(
    calcom: Sandbox, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "django.request", "django.template", "asyncio", "dashboard"):
        caplog.set_level(logging.DEBUG, logger=name)
    told = Told(desk(admin))
    uids: set[str] = set()

    number = journey(told, calcom)
    uids |= {row.uid for row in calcom.rows()}
    troubles(told, calcom, number)
    uids |= {row.uid for row in calcom.rows()}
    uids |= set(looked_up(told, calcom))
    settle.settle_changes(timezone.now())
    uids |= {hold.reservation_uid for hold in Hold.objects.all() if hold.reservation_uid}
    for entry in AuditEntry.objects.values_list("pk", flat=True):
        told.get(f"/audit/{entry}/")

    entries = [json.dumps(model_to_dict(e), default=str) for e in AuditEntry.objects.all()]
    logged = [logging.Formatter().format(record) for record in caplog.records]
    everything = told.texts + entries + logged
    assert len(uids) > 5
    assert len(entries) > 100
    assert Hold.objects.get(client_name="Ada").state == "held"
    secrets = {*uids, KEY}
    assert [text for text in everything if any(secret in text for secret in secrets)] == []


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["extend", "move", "check", "release"])
def test_the_report_of_a_crash_inside_a_verb_shows_no_values(
    calcom: Sandbox,
    staff: User,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    *,
    debug: bool,
) -> None:
    browser = desk(staff)
    ask(browser, client_name="Grace Hopperly")
    hold = Hold.objects.get()

    monkeypatch.setattr(endings, "ended" if path == "release" else "held", crash)
    settings.DEBUG = debug
    page = browser.post(
        f"/holds/{hold.pk}/{path}",
        {"reservation_duration": 30, "slot_start": LATER.isoformat(), "note": "said at nine"},
    )
    settings.DEBUG = True
    reports = [page.content.decode()]
    for request in (page.wsgi_request, None):
        report = ExceptionReporter(request, *page.exc_info)
        reports += [report.get_traceback_html(), report.get_traceback_text()]

    assert page.status_code == 500
    assert all("CrashError" in text for text in reports[1:])
    hidden = [str(hold.reservation_uid), KEY, "Grace Hopperly", "said at nine"]
    assert [secret for text in reports for secret in hidden if secret in text] == []


def test_the_report_of_a_crash_while_looking_up_shows_no_values(
    calcom: Sandbox, staff: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = calcom.insert_hold(CONSULT, MONDAY).uid

    monkeypatch.setattr(endings, "held", crash)
    settings.DEBUG = True
    page = desk(staff).post("/look-up", {"uid": uid, "take": "yes", "note": "said at nine"})
    text = ExceptionReporter(page.wsgi_request, *page.exc_info).get_traceback_text()

    assert page.status_code == 500
    assert "CrashError" in page.content.decode()
    hidden = (uid, KEY, "said at nine")
    assert [secret for secret in hidden if secret in page.content.decode() + text] == []
