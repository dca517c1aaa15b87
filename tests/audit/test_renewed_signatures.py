"""After a change of SECRET_KEY, what the former key signed is signed with the present one."""

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from dashboard.audit import checkpoints, log_verification, retention, trail
from dashboard.audit.checkpoints import RenewedSignature
from dashboard.audit.models import AuditEntry
from dashboard.audit.retention import RetentionError
from dashboard.audit.triggers import PRUNES
from dashboard.holds.models import Hold
from tests.audit.tampering import run
from tests.commands import output

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]
FORMER, PRESENT = "the former key of this site", "the present key of this site"


def prune(year: int) -> None:
    """Write three entries in the year before, and remove all from before this one."""
    start = datetime(year, 1, 1, tzinfo=UTC)
    for number in range(3):
        at = start - timedelta(days=1)
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=at, asked={"number": number})
    found = retention.removable(start, Hold.OPEN, now=start)
    list(retention.prune(found, before=start, by=None, now=start))


@pytest.fixture
def changed_key(settings: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Let the former key sign two records and a checkpoint, whose file is returned."""
    settings.SECRET_KEY = FORMER
    prune(2021)  # positions 1 to 3
    prune(2022)  # with the entry of the first: 4 to 7
    file = tmp_path / "checkpoints.jsonl"
    file.write_text(checkpoints.latest(timezone.now()).to_line() + "\n")
    settings.SECRET_KEY = PRESENT
    return file


def renew(monkeypatch: pytest.MonkeyPatch, key: str, **options: object) -> str:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{key}\n"))
    return output("audit_renew_signatures", stderr=io.StringIO(), **options)


def test_changed_key_makes_records_refused_until_they_are_renewed(changed_key, monkeypatch):
    with pytest.raises(CommandError, match="audit_renew_signatures"):
        output("audit_verify")
    with pytest.raises(RetentionError, match="not signed"):
        list(retention.delete_covered())

    renewed = renew(monkeypatch, FORMER, checkpoints=changed_key)

    assert log_verification.verify_from().fault is None
    entry = AuditEntry.objects.filter(action="signatures_renewed").get()
    assert (entry.actor_name, entry.outcome, entry.after) == ("system", "ok", {"last": 7})
    changed_key.write_text(renewed)
    text = output("audit_verify", checkpoints=changed_key)
    assert "and 1 checkpoint: nothing was changed" in text
    prune(2023)
    assert "nothing was changed" in output("audit_verify")


def test_renewed_once_and_never_again(changed_key, monkeypatch):
    for _ in range(2):
        assert renew(monkeypatch, FORMER) == ""
    assert RenewedSignature.objects.count() == 2
    assert AuditEntry.objects.filter(action="signatures_renewed").count() == 1


@pytest.mark.parametrize("key", ["a key of another site", PRESENT, ""])
def test_other_keys_sign_nothing(changed_key, monkeypatch, key):
    for options in ({}, {"checkpoints": changed_key}):
        with pytest.raises(CommandError, match=r"Nothing was signed|from before the change"):
            renew(monkeypatch, key, **options)
    assert not RenewedSignature.objects.exists()
    assert not AuditEntry.objects.filter(action="signatures_renewed").exists()


def test_record_that_was_made_up_is_not_signed(changed_key, monkeypatch):
    run(connection, [f"UPDATE {PRUNES} SET hash = '{'0' * 64}' WHERE position = 3"])
    with pytest.raises(CommandError, match="record of position 3"):
        renew(monkeypatch, FORMER)
    assert not RenewedSignature.objects.exists()


def test_renewed_signature_of_a_database_administrator_counts_for_nothing(changed_key, monkeypatch):
    renew(monkeypatch, FORMER)
    RenewedSignature.objects.filter(prune=3).update(signature="made up")
    fault = log_verification.verify_from().fault
    assert fault is not None
    assert (fault.kind, fault.position) == ("forged", 3)
