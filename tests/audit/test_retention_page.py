"""Page on which an Admin removes old entries."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from dashboard.audit import checkpoints, log_verification, retention
from dashboard.audit.models import AuditEntry, AuditPrune
from dashboard.holds.models import Hold
from dashboard.pages import audit_retention
from tests.accounts.cast import make_hold
from tests.audit.test_retention import BEFORE, OLD, YOUNG, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]
ADDRESS = "/audit/retention"
ASKED = f"{ADDRESS}?before=2022-05-01"


@pytest.fixture
def browser(immediate_links: None, request: pytest.FixtureRequest) -> Client:
    """Write two old entries, before those of the Admin."""
    write(2)
    browser: Client = request.getfixturevalue("admins_browser")
    return browser


def text(browser: Client, address: str) -> str:
    return " ".join(browser.get(address).content.decode().split())


def test_page_says_what_is_kept_and_what_would_go(browser, settings):
    page = text(browser, ADDRESS)
    assert "AUDIT_RETENTION_DAYS is not set" in page
    assert "optional" not in page  # without the setting only a day says what goes
    assert "<b>2</b> entries would go, the latest of " in text(browser, ASKED)
    settings.AUDIT_RETENTION_DAYS = 90
    page = text(browser, ADDRESS)
    assert "kept for 90 days" in page
    assert "<b>2</b> entries would go" in page


def test_removes_after_the_number_was_typed(browser):
    answer = browser.post(ASKED, {"count": "2"})
    assert (answer.status_code, answer["Location"]) == (303, ADDRESS)
    assert not AuditEntry.objects.filter(at__lt=YOUNG).exists()
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.action, entry.actor_name, entry.address) == ("prune", "admin", "127.0.0.1")
    page = text(browser, ADDRESS)
    assert "Removed 2 entries." in page
    assert "Entries up to position 2, written until" in page
    assert "There is nothing to remove." in text(browser, ASKED)


@pytest.mark.parametrize("typed", ["", "3", "all"])
def test_another_number_removes_nothing_and_is_kept(browser, typed):
    answer = browser.post(ASKED, {"count": typed})
    assert answer.status_code == 422
    assert answer.context["confirm"].errors.keys() == {"count"}
    assert f'value="{typed}"' in answer.content.decode() or not typed
    assert (AuditEntry.objects.filter(at=OLD).count(), AuditPrune.objects.count()) == (2, 0)


@pytest.mark.parametrize("day", ["2199-01-01", "soon", ""])
def test_invalid_day_is_an_error_beside_the_field(browser, day):
    answer = browser.post(f"{ADDRESS}?before={day}", {"count": "2"})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"before"}
    assert AuditEntry.objects.filter(at=OLD).count() == 2


def test_page_removes_in_parts(browser, monkeypatch):
    monkeypatch.setattr(audit_retention, "MOST", 1)
    page = text(browser, ASKED)
    assert "<b>1</b> entry would go" in page
    assert "There are more: this page removes 1 entries at a time" in page
    browser.post(ASKED, {"count": "1"})
    assert AuditEntry.objects.filter(at=OLD).count() == 1


def test_rest_of_a_killed_run_is_removed_in_parts(browser, monkeypatch):
    """It may be too much for one request."""
    monkeypatch.setattr(retention, "BATCH", 1)
    monkeypatch.setattr(log_verification, "REQUEST_SECONDS", -1)
    found = retention.removable(BEFORE, Hold.OPEN, now=timezone.now())
    with monkeypatch.context() as killed:
        killed.setattr(retention, "delete_covered", lambda: iter(()))
        list(retention.prune(found, before=BEFORE, by=None, now=timezone.now()))
    pages = []
    for _ in range(3):
        page = text(browser, ASKED)
        pages.append([number for number in ("2 of", "1 of") if f"{number} these entries" in page])
        assert 'name="count"' not in page
        if pages[-1]:
            answer = browser.post(ASKED)
            assert (answer.status_code, answer["Location"]) == (303, ASKED)
    assert pages == [["2 of"], ["1 of"], []]
    assert not AuditEntry.objects.filter(at=OLD).exists()


def test_forged_record_deletes_nothing(browser):
    point = checkpoints.latest(timezone.now())
    AuditPrune.objects.create(
        first=1, position=2, hash=point.hash, until=OLD, at=OLD, signature="forged"
    )
    assert "not deleted yet" not in text(browser, ASKED)
    answer = browser.post(ASKED, {"count": "2"})
    assert (answer.status_code, AuditEntry.objects.filter(at=OLD).count()) == (422, 2)
    with pytest.raises(CommandError, match="Nothing was removed"):
        call_command("audit_prune", before=BEFORE.date())
    assert AuditEntry.objects.filter(at=OLD).count() == 2


def test_log_says_where_it_ends_what_was_removed(browser):
    assert "by retention" not in text(browser, "/audit/")
    browser.post(ASKED, {"count": "2"})
    for address in ("/audit/", "/audit/?since=2021-05-01&until=2021-05-01"):
        page = text(browser, address)
        assert "Entries written until Sat 1 May 2021" in page
        assert "by retention." in page


def test_address_of_a_removed_entry_says_what_was_removed(browser):
    address = f"/audit/{AuditEntry.objects.filter(at=OLD)[0].pk}/"
    browser.post(ASKED, {"count": "2"})
    answer = browser.get(address)
    assert (answer.status_code, "Entries written until Sat" in answer.content.decode()) == (
        404,
        True,
    )


def test_hold_says_that_its_story_was_removed(browser, admin):
    old, young = (
        make_hold(admin, now=at, state=Hold.State.EXPIRED, reservation_uid=None)
        for at in (OLD, timezone.now())
    )
    nothing, removed = "Nothing is recorded about this hold.", "was removed by retention."
    assert nothing in text(browser, f"/holds/{old.pk}/")
    browser.post(ASKED, {"count": "2"})
    page = text(browser, f"/holds/{old.pk}/")
    assert (nothing in page, removed in page) == (False, True)
    assert removed not in text(browser, f"/holds/{young.pk}/")
