"""No page, log line, audit entry or traceback has a uid or the API key, which work like passwords.

All verbs run at log level DEBUG, with and without faults; then everything is searched.
"""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Max
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from django.views.debug import ExceptionReporter

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.calcom_state.models import Upstream
from dashboard.holds import hold_fields, settle
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.holds.crash import crash
from tests.holds.reservations_elsewhere import key_of
from tests.holds.verbs import ALL, CONSULT, KEY, LATER, MONDAY, ONE, ROUND_ROBIN, SHORT
from tests.pages.desk import ask, desk

pytestmark = pytest.mark.slow  # the fast lane has calcom/test_secrets


class Recorder:
    """A browser, and all that it was answered as text, with headers and cookies."""

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


def all_verbs(recorder: Recorder, calcom: Sandbox) -> int:
    """Perform every verb without faults; return the hold's id."""
    recorder.keep(ask(recorder.browser))
    hold_id = Hold.objects.latest("id").pk
    page = f"/holds/{hold_id}/"
    recorder.send(f"{page}extend", reservation_duration=30)
    recorder.send(f"{page}move", slot_start=LATER.isoformat())
    recorder.send(f"{page}move", slot_start=LATER.isoformat(), event_type_id=SHORT)
    recorder.send(f"{page}check")
    recorder.send("/check", hold=[hold_id])
    recorder.keep(ask(recorder.browser, event_type_id=ROUND_ROBIN))
    recorder.send(f"/holds/{Hold.objects.latest('id').pk}/extend", add=15)
    for path in ("/", page, f"{page}move", "/look-up", "/audit/", "/board"):
        recorder.get(path)
    for row in calcom.live_rows():  # known ones
        recorder.send("/look-up", uid=row.uid)
    return hold_id


def all_verbs_with_faults(recorder: Recorder, calcom: Sandbox, hold_id: int) -> None:
    """Perform every verb with answers that repeat the uid, and without any."""
    page = f"/holds/{hold_id}/"
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
        recorder.keep(ask(recorder.browser, slot_start=(MONDAY + timedelta(days=9)).isoformat()))
        recorder.send(f"{page}check")
        recorder.send(f"{page}extend", reservation_duration=60)
        recorder.send(f"{page}move", slot_start=MONDAY.isoformat(), event_type_id=SHORT)
        calcom.faults.clear()
        Upstream.objects.update(blocked_until=None, rate_resets_at=None)
    for uid in {row.uid for row in calcom.live_rows()}:
        calcom.remove_reservations(uid)
    for hold in Hold.objects.exclude(reservation_uid=None):
        recorder.send(
            f"/holds/{hold.pk}/extend", reservation_duration=60
        )  # "Slot with uid=… not found"
        recorder.send(f"/holds/{hold.pk}/release", reason="mistake")
        recorder.get(f"/holds/{hold.pk}/")


def look_up(recorder: Recorder, calcom: Sandbox) -> list[str]:
    """Look up reservations that are found, added, refused and absent; return their uids."""
    found = calcom.insert_reservation(CONSULT, MONDAY + timedelta(days=14)).uid
    absent = "0a82208a-1111-4222-8333-444455556666"
    for kind in ("429", "500", "drop", "html"):
        calcom.faults.add(kind, method="GET", route=ONE, count=None)
        recorder.send("/look-up", uid=found)
        recorder.send("/look-up", uid=found, take="yes")
        calcom.faults.clear()
        Upstream.objects.update(blocked_until=None, rate_resets_at=None)
    recorder.send("/look-up", uid=absent)
    recorder.send("/look-up", uid=absent, take="yes")
    recorder.send("/look-up", uid=f"{found}/{found}")
    page = recorder.send("/look-up", uid=found)
    recorder.send("/look-up", find=key_of(page), take="yes", client_name="Ada")
    recorder.get("/")
    return [found, absent]


@pytest.mark.slow
def test_no_output_has_a_uid_or_the_key(
    calcom: Sandbox, admin: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "django.request", "asyncio", "dashboard"):
        caplog.set_level(logging.DEBUG, logger=name)
    recorder = Recorder(desk(admin))
    uids: set[str] = set()

    hold_id = all_verbs(recorder, calcom)
    uids |= {row.uid for row in calcom.rows()}
    all_verbs_with_faults(recorder, calcom, hold_id)
    uids |= {row.uid for row in calcom.rows()}
    uids |= set(look_up(recorder, calcom))
    settle.settle_changes(timezone.now())
    uids |= {hold.reservation_uid for hold in Hold.objects.all() if hold.reservation_uid}
    kinds = AuditEntry.objects.values("kind", "action", "outcome")
    for entry in kinds.annotate(pk=Max("pk")).values_list("pk", flat=True):
        recorder.get(f"/audit/{entry}/")

    entries = [json.dumps(model_to_dict(e), default=str) for e in AuditEntry.objects.all()]
    logged = [logging.Formatter().format(record) for record in caplog.records]
    output = recorder.texts + entries + logged
    assert len(uids) > 5
    assert len(entries) > 100
    assert Hold.objects.get(client_name="Ada").state == "held"
    clients = ("Grace", "Ada")  # no entry could be erased
    assert [entry for entry in entries if any(client in entry for client in clients)] == []
    secrets = {*uids, KEY}
    assert [text for text in output if any(secret in text for secret in secrets)] == []


@pytest.mark.parametrize(
    ("path", "debug"),
    [("extend", False), ("release", True)],
)
def test_report_of_a_crash_in_a_verb_shows_no_values(
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

    monkeypatch.setattr(hold_fields, "ended" if path == "release" else "held", crash)
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
