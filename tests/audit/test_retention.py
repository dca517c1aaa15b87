"""Retention: what may go, the signed record that permits it, and what is proven afterwards."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from dashboard.audit import (
    chain_verification,
    checkpoints,
    log_verification,
    retention,
    stream,
    trail,
)
from dashboard.audit.logged_actions import LoggedAction
from dashboard.audit.models import AuditEntry, AuditLink, AuditPrune
from dashboard.audit.retention import RetentionError
from dashboard.audit.rollups import LogCount
from dashboard.audit.triggers import LINKS, PRUNES, REFUSAL, TABLE
from dashboard.calcom_state import calcom_client, clock, rate_and_clock
from dashboard.calcom_state.models import Upstream
from dashboard.holds.models import Hold
from tests.audit import standalone_verifier
from tests.audit.attacks import ALL_BUT_ID
from tests.audit.tampering import run
from tests.commands import output
from tests.holds.clocks import SetClock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]
OLD, BEFORE, YOUNG, NOW = (datetime(year, 5, 1, 12, tzinfo=UTC) for year in range(2021, 2025))


def write(count: int, at: datetime = OLD) -> None:
    for number in range(count):
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=at, asked={"number": number})


def prune(found: retention.Removable | None = None) -> None:
    found = found or retention.removable(BEFORE, Hold.OPEN, now=NOW)
    list(retention.prune(found, before=BEFORE, by=None, now=NOW))


def positions() -> list[int]:
    return list(AuditLink.objects.order_by("position").values_list("position", flat=True))


def test_removes_entries_and_keeps_the_proof_of_the_rest(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    write(5)
    write(2, at=YOUNG)
    old = chain_verification.in_order()
    point = checkpoints.latest(NOW)
    end = AuditLink.objects.get(position=5)
    counts = list(LogCount.objects.values_list())
    prune()
    assert positions() == [5, 6, 7, 8]  # the fifth has no entry
    assert AuditEntry.objects.count() == LoggedAction.objects.count() == 3
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.action, entry.outcome, entry.asked) == (
        "prune",
        "ok",
        {"before": "2022-05-01T12:00:00Z"},
    )
    assert entry.after == {"first": 1, "last": 5, "hash": end.hash}
    record = AuditPrune.objects.get()
    assert (record.first, record.position, record.until) == (1, 5, OLD)
    found = log_verification.verify_from()
    assert (found.first, found.last, found.fault, found.is_whole) == (6, 8, None, True)
    assert old.last_hash == AuditLink.objects.get(position=7).hash
    assert checkpoints.contradicted([point]) is None
    assert set(counts) <= set(LogCount.objects.values_list())
    prune()
    assert positions() == [5, 6, 7, 8]


def test_prunes_again_where_the_last_time_ended():
    write(3)
    prune()
    write(3)
    prune()
    assert [(each.first, each.position) for each in AuditPrune.objects.order_by("first")] == [
        (1, 3)
    ]
    write(1, at=YOUNG)  # the record itself is young
    assert log_verification.verify_from().fault is None


def test_nothing_goes_where_the_range_was_tampered_with():
    write(4)
    run(
        connection,
        [
            f"UPDATE {TABLE} SET reason = 'x' WHERE id = (SELECT min(id) + 1 FROM {TABLE})",
        ],
    )
    changed = AuditEntry.objects.newest_first()[2].pk
    with pytest.raises(RetentionError, match=f"Entry {changed} was changed"):
        prune()
    assert positions()[:4] == [1, 2, 3, 4]
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.action, entry.outcome, entry.after["fault"]) == ("verify", "refused", "changed")
    assert not AuditPrune.objects.exists()


def test_of_two_runs_at_once_one_is_refused():
    write(2)
    found = retention.removable(BEFORE, Hold.OPEN, now=NOW)
    prune(found)
    with pytest.raises(RetentionError, match="Another run"):
        prune(found)
    assert AuditEntry.objects.filter(action="prune").count() == 1


# SQL without a signature, on a log of which positions 1 to 3 of 6 were removed.
REFUSED = {
    "delete of what is kept": f"DELETE FROM {TABLE}",
    "delete of one link that is kept": f"DELETE FROM {LINKS} WHERE position = 4",
    "delete of the first link": f"DELETE FROM {LINKS} WHERE position = 3",
    "delete of the record": f"DELETE FROM {PRUNES}",
    "change of the record": f"UPDATE {PRUNES} SET position = 5",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_sql_removes_no_more_than_the_record_covers(statement):
    write(3)
    write(2, at=YOUNG)
    prune()
    with (
        pytest.raises(IntegrityError, match=REFUSAL),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert positions() == [3, 4, 5, 6]


FORGED = (
    f"INSERT INTO {PRUNES} (position, first, hash, until, at, signature)"
    f" SELECT {{position}}, 99, {{hash}}, until, at, signature FROM {PRUNES}"
)
LINK = f"(SELECT hash FROM {LINKS} WHERE position = 5)"
AGAIN = f"INSERT INTO {TABLE} (id, {ALL_BUT_ID}) SELECT {{id}}, {ALL_BUT_ID} FROM {TABLE} LIMIT 1"
# With triggers off, and the fault that a verification names.
TAMPERED = {
    "forged record": ([FORGED.format(position=5, hash=LINK)], ("forged", 5)),
    "forged record, and what it covers deleted": (
        [
            FORGED.format(position=5, hash=LINK),
            f"DELETE FROM {TABLE} WHERE id IN (SELECT entry_id FROM {LINKS} WHERE position < 6)",
            f"DELETE FROM {LINKS} WHERE position < 5",
        ],
        ("forged", 5),
    ),
    "forged record before the last": ([FORGED.format(position=2, hash="''")], ("forged", 2)),
    "record of another hash": ([f"UPDATE {PRUNES} SET hash = '{'0' * 64}'"], ("forged", 3)),
    "record of another time": ([f"UPDATE {PRUNES} SET until = '2026-01-01'"], ("forged", 3)),
    "delete of the record": ([f"DELETE FROM {PRUNES}"], ("removed", 3)),
    "delete of one more": (
        [
            f"DELETE FROM {TABLE} WHERE id = (SELECT entry_id FROM {LINKS} WHERE position = 4)",
            f"DELETE FROM {LINKS} WHERE position < 4",
        ],
        ("broken", 3),
    ),
    "the last removed entry again": (
        [AGAIN.format(id=f"(SELECT entry_id FROM {LINKS} WHERE position = 3)")],
        ("removed", 3),
    ),
    "a removed entry again, with a link": (
        [
            AGAIN.format(id=9999),
            f"INSERT INTO {LINKS} SELECT 2, 9999, content_hash, hash FROM {LINKS} LIMIT 1",
        ],
        ("removed", 2),
    ),
}
# SQLite stores anything in any column.
TAMPERED_IN_SQLITE = {
    f"{column} as {value}": ([f"UPDATE {PRUNES} SET {column} = {value}"], ("forged", 3))
    for column in ("until", "at")
    for value in ("'x'", "'2026-02-30 12:00:00'", "x'ff'", "CAST(x'ff' AS TEXT)", "5")
}


def test_tampering_with_a_pruned_log_is_named():
    write(3)
    write(2, at=YOUNG)
    prune()
    found, tampered = {}, TAMPERED
    if connection.vendor == "sqlite":
        tampered = TAMPERED | TAMPERED_IN_SQLITE
    for name, (statements, _fault) in tampered.items():
        with transaction.atomic():
            run(connection, statements)
            fault = log_verification.verify_from().fault
            found[name] = fault and (fault.kind, fault.position)
            transaction.set_rollback(True)
    assert found == {name: fault for name, (_statements, fault) in tampered.items()}
    assert log_verification.verify_from().fault is None


def test_a_checkpoint_permits_no_deletion():
    write(3)
    point = checkpoints.latest(NOW)
    record = AuditPrune(first=1, position=3, hash=point.hash, until=OLD, at=NOW)
    for signature in (checkpoints.signature(point), ""):
        record.signature = signature
        assert signature != checkpoints.prune_signature(record)


def test_command_removes_by_policy_behind_a_checkpoint(settings, tmp_path):
    file = tmp_path / "checkpoints.jsonl"
    with pytest.raises(CommandError, match="AUDIT_RETENTION_DAYS"):
        output("audit_prune")
    settings.AUDIT_RETENTION_DAYS = 90
    write(3)
    (line,) = output("audit_prune", dry_run=True).splitlines()
    assert line.startswith("3 entries would go, positions 1 to 3")
    assert positions() == [1, 2, 3]
    assert output("audit_prune", checkpoint=file).startswith("Removed 3 entries")
    assert output("audit_prune") == "Nothing to remove.\n"
    assert checkpoints.read(file.read_text()).position == 3
    text = output("audit_verify", checkpoints=file)
    assert "Verified 1 entry and 1 checkpoint" in text
    assert "Retention removed the entries up to position 3" in text
    stderr = io.StringIO()
    exported = output("audit_export", stderr=stderr).splitlines()
    assert "Without entries until Sat 1 May 2021" in stderr.getvalue()
    assert standalone_verifier.first_fault(exported, [file.read_text()]) == ""
    assert json.loads(exported[0])["position"] == 4
    forged = exported[0].replace('"hash": "', '"hash": "0')
    assert standalone_verifier.first_fault([forged, *exported[1:]]) != ""


@pytest.mark.parametrize("boot_id", ["", "before the start"], ids=["told", "not told yet"])
def test_wrong_clock_removes_nothing_young(boot_id, settings, monkeypatch, admin):
    """Also where cal.com has not told its time since then."""
    settings.AUDIT_RETENTION_DAYS = 90
    monkeypatch.setattr(clock, "_bases", clock.Bases())
    right = timezone.now()
    SetClock(monkeypatch).ahead = timedelta(days=3650)
    Upstream.objects.create(
        pk=rate_and_clock.ROW,
        source=calcom_client.source_digest(),
        clock_offset_ms=-3650 * 86_400_000,
        clock_base_ms=clock.base_ms(),
        clock_boot_id=boot_id or clock.boot_id(),
        answered_at=right,
    )
    write(1, at=right)
    assert output("audit_prune", dry_run=True) == "Nothing to remove.\n"
    browser = Client()
    browser.force_login(admin)
    assert b"There is nothing to remove." in browser.get("/audit/retention").content


def test_command_says_which_checkpoints_cannot_be_compared(tmp_path):
    file = tmp_path / "checkpoints.jsonl"
    write(2)
    file.write_text(output("audit_checkpoint"))
    write(1)
    output("audit_prune", before=BEFORE.date())
    assert "1 checkpoint of them cannot be compared" in output("audit_verify", checkpoints=file)


def test_command_removes_nothing_without_its_checkpoint(tmp_path):
    write(2)
    with pytest.raises(CommandError, match="Nothing was removed"):
        output("audit_prune", before=BEFORE.date(), checkpoint=tmp_path / "no" / "file")
    assert positions() == [1, 2]


def test_young_entries_stay_whatever_is_asked():
    with pytest.raises(CommandError, match="The last 90 days always stay"):
        output("audit_prune", before=datetime.now(UTC).date() - timedelta(days=88))


def test_stream_says_what_was_removed_before_it_was_written(tmp_path, caplog):
    cursor, written = tmp_path / "cursor", io.StringIO()
    write(3)
    cursor.write_text("1")
    prune()
    assert list(stream.write_new(cursor, written)) == [4]
    assert [json.loads(line)["position"] for line in written.getvalue().splitlines()] == [4]
    assert "retention removed 2 entries after position 1" in caplog.text
    caplog.clear()
    write(1)
    assert list(stream.write_new(cursor, written)) == [5]
    assert (cursor.read_text().split()[0], caplog.text) == ("5", "")
