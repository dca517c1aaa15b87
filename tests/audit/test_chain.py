"""Chain of hashes: canonical form, links, and every kind of tampering on both databases."""

import hashlib
import json
import sys
import uuid
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from dashboard.audit import chain, chain_verification, trail, triggers
from dashboard.audit.models import AuditEntry
from dashboard.audit.rollups import LogCount
from tests.audit.attacks import NOON, log, write
from tests.audit.conftest import VENDORS
from tests.audit.databases import migrated
from tests.audit.tampering import (
    ONLY_BY_CHECKPOINT,
    TAMPERED,
    TAMPERED_IN_POSTGRESQL,
    TAMPERED_IN_SQLITE,
    compute_anew,
    run,
    verified,
)
from tests.holds.concurrency import at_once


def test_canonical_form_is_as_documented():
    action = uuid.UUID(int=5)
    entry = AuditEntry(
        pk=7,
        at=datetime(2026, 11, 24, 13, 0, tzinfo=timezone(timedelta(hours=1))),
        kind="event",
        action_id=action,
        action="sign_in",
        actor_name="Zoë",
        asked={"b": 1, "a": {"d": None, "c": "ü"}},
        status=0,
    )
    text = (
        '{"action":"sign_in","action_id":"00000000-0000-0000-0000-000000000005",'
        '"actor_name":"Zo\\u00eb","asked":{"a":{"c":"\\u00fc","d":null},"b":1},'
        '"at":"2026-11-24T12:00:00.000000Z","kind":"event","status":0}'
    )
    assert chain.content_hash(entry) == hashlib.sha256(text.encode()).hexdigest()
    assert json.loads(text)["status"] == 0


@pytest.mark.django_db
def test_stored_entry_hashes_like_the_one_that_was_written():
    odd = {"text": "a\u202eb", "float": 2.0, "small": 1e-7, "big": 1e20, "list": [1, None, True]}
    trail.event(action=trail.Action.DENIED, by=None, now=NOON, asked=odd, message="é" * 3000)
    entry = AuditEntry.objects.get()
    assert chain.content_hash(entry) == entry.content_hash


@pytest.mark.django_db
def test_entry_without_a_content_hash_is_refused():
    def write_without() -> None:
        super(AuditEntry, AuditEntry(at=NOON, kind="event", action="sign_in")).save()
        connections["default"].check_constraints()  # now instead of at the end of the test

    with pytest.raises(IntegrityError, match=triggers.WITHOUT_HASH), transaction.atomic():
        write_without()


@pytest.mark.slow
def test_every_kind_of_tampering_is_named(own):
    write(own, 2)
    tampered, found = TAMPERED | TAMPERED_IN_POSTGRESQL, {}
    if own.vendor == "sqlite":
        tampered = TAMPERED | TAMPERED_IN_SQLITE
        with own.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = ON")  # as an administrator can
    for name, (statements, _fault) in tampered.items():
        with transaction.atomic(using=own.alias):
            run(own, statements)
            fault = verified(own).fault
            found[name] = fault and (fault.kind, fault.entry_id)
            transaction.set_rollback(True, using=own.alias)
    assert found == {name: fault for name, (_statements, fault) in tampered.items()}
    assert verified(own).fault is None


BEFORE_LINKS = "0014_put_aside"
PARTS = ("edit", "delete with its link", "insert", "swap of the links", "delete of the last")


@pytest.mark.slow
@pytest.mark.usefixtures("own_as_default")
@pytest.mark.parametrize("name", PARTS)
def test_processes_find_what_one_finds(own, name, monkeypatch):
    monkeypatch.setattr(chain_verification, "PART", 2)
    write(own, 2)
    done: list[int] = []
    whole = chain_verification.in_parts(done.append)
    assert (whole, done) == (verified(own), [2, 4, 5])
    statements, fault = TAMPERED[name]
    run(own, statements)
    found = chain_verification.in_parts(done.append)
    assert found.fault == verified(own).fault
    assert (found.fault.kind, found.fault.entry_id) == fault


@pytest.mark.slow
@pytest.mark.usefixtures("own_as_default")
def test_processes_begin_no_part_after_a_signal(own, monkeypatch):
    write(own, 2)
    monkeypatch.setattr(chain_verification, "PART", 2)
    cancelled = []

    class Pool(ProcessPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            cancelled.append(cancel_futures)
            super().shutdown(wait, cancel_futures=cancel_futures)

    monkeypatch.setattr(chain_verification, "ProcessPoolExecutor", Pool)
    with pytest.raises(SystemExit):
        chain_verification.in_parts(sys.exit)
    assert cancelled == [True]


@pytest.mark.slow
@pytest.mark.usefixtures("own_as_default")
@pytest.mark.parametrize("part", [2, 10])  # several processes, or one
def test_a_gap_as_long_as_what_is_read_at_once_is_found(own, part, monkeypatch):
    monkeypatch.setattr(chain_verification, "BATCH", 2)
    monkeypatch.setattr(chain_verification, "PART", part)
    write(own, 2)
    gap = "IN (2, 3, 4)"
    run(
        own,
        [
            f"DELETE FROM {triggers.TABLE} WHERE id {gap}",
            f"DELETE FROM {triggers.LINKS} WHERE entry_id {gap}",
        ],
    )
    found = chain_verification.in_parts(lambda _position: None)
    assert found.fault == chain_verification.LogFault("removed", 5, 5)


@pytest.mark.slow
@pytest.mark.usefixtures("own_as_default")
@pytest.mark.parametrize("own", ["sqlite"], indirect=True)  # PostgreSQL decodes before it stores
def test_part_whose_first_hash_cannot_be_decoded_is_named(own, monkeypatch):
    monkeypatch.setattr(chain_verification, "PART", 2)
    write(own, 2)
    run(own, [f"UPDATE {triggers.LINKS} SET hash = CAST(x'ff' AS TEXT) WHERE position = 4"])
    found = chain_verification.in_parts(lambda _position: None).fault
    assert found == chain_verification.LogFault("broken", 4, 4)
    later = chain_verification.in_order((4, "0" * 64))
    assert later.fault == found


@pytest.mark.slow
@pytest.mark.parametrize("own", ["sqlite"], indirect=True)  # PostgreSQL keeps no spelling
def test_spaces_in_json_are_no_fault(own):
    before = verified(own)
    run(own, [f"UPDATE {triggers.TABLE} SET asked = '{{ }}'"])
    assert verified(own) == before


@pytest.mark.slow
def test_a_chain_that_is_right_in_itself_contradicts_an_older_checkpoint(own):
    write(own, 2)
    kept = verified(own)
    for name, statements in ONLY_BY_CHECKPOINT.items():
        with transaction.atomic(using=own.alias):
            run(own, statements)
            if "anew" in name:
                compute_anew(own)
            if "used on" in name:
                write(own, 2)
                own.check_constraints()  # PostgreSQL writes the links now
            now = verified(own)
            assert now.fault is None, name
            assert (now.last, now.last_hash) != (kept.last, kept.last_hash), name
            transaction.set_rollback(True, using=own.alias)


@pytest.mark.slow
def test_links_cannot_be_changed_or_forged_through_sql(own):
    for statement in (
        f"UPDATE {triggers.LINKS} SET hash = 'forged'",
        f"DELETE FROM {triggers.LINKS}",
        f"INSERT INTO {triggers.LINKS} SELECT * FROM {triggers.LINKS}",
    ):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(using=own.alias),
            own.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert verified(own).is_whole


@pytest.mark.slow
def test_concurrent_writers_make_one_chain_without_a_hole(own):
    alias = own.alias

    def work() -> None:
        try:
            for _ in range(5):
                with transaction.atomic(using=alias):
                    write(connections[alias], 2)
        finally:
            connections[alias].close()

    assert at_once(*[work] * 8) == [None] * 8
    found = verified(own)
    assert (found.is_whole, found.count) == (True, log(own).count())
    assert found.count >= 8 * 5 * 2
    counts = LogCount.objects.using(alias).filter(kind="begun", span=1)
    assert sum(counts.values_list("count", flat=True)) == log(own).filter(kind="event").count()


@pytest.mark.slow
@pytest.mark.parametrize("vendor", VENDORS)
def test_upgrade_links_all_entries_also_after_it_failed_half_way(
    vendor, tmp_path, monkeypatch, django_db_blocker
):
    with django_db_blocker.unblock(), migrated(vendor, tmp_path, is_empty=True) as new:
        call_command("migrate", "dashboard", BEFORE_LINKS, database=new.alias, verbosity=0)
        old = MigrationExecutor(new).loader.project_state([("dashboard", BEFORE_LINKS)]).apps
        entries = old.get_model("dashboard", "AuditEntry").objects.using(new.alias)
        for _number in range(3):
            entries.create(at=NOON, kind="event", action="sign_in", outcome="ok")
        expect_links_after_upgrade(new, monkeypatch)


def expect_links_after_upgrade(own, monkeypatch):
    def fail(_previous, position, *_rest):
        if position > 1:
            raise InterruptedError
        return "0" * 64

    with monkeypatch.context() as patch:
        patch.setattr(chain, "link_hash", fail)
        with pytest.raises(InterruptedError):
            call_command("migrate", "dashboard", database=own.alias, verbosity=0)
    call_command("migrate", "dashboard", database=own.alias, verbosity=0)
    found = verified(own)
    assert (found.is_whole, found.count) == (True, 3)
    assert triggers.faulty_triggers(own) == []
    write(own, 1)
    assert verified(own).is_whole


def test_verification_goes_on_where_it_stopped(immediate_links, monkeypatch):
    monkeypatch.setattr(chain_verification, "BATCH", 2)
    for _ in range(5):
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=datetime.now(UTC))
    first = chain_verification.in_order(is_due=lambda: True)
    assert (first.first, first.last, first.is_whole) == (1, 2, False)
    rest = chain_verification.in_order((first.last, first.last_hash))
    assert (rest.first, rest.last, rest.is_whole) == (3, 5, True)
    for after, known, kind in ((2, "0" * 64, "broken"), (9, first.last_hash, "removed")):
        later = chain_verification.in_order((after, known))
        assert (later.fault.kind, later.fault.position) == (kind, after)
