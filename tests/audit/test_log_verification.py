"""Proof for people: commands, checkpoints, the page, and a verifier that shares no code."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management.base import CommandError
from django.db import connection

from dashboard.audit import chain_verification, checkpoints, export, log_verification, trail
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.audit.triggers import TABLE
from tests.audit import standalone_verifier
from tests.audit.attacks import NOON
from tests.audit.recorded import begin_to_extend, extend
from tests.audit.tampering import compute_anew, run
from tests.commands import output
from tests.edge.test_unwritable import unwritable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]
EDIT = [f"UPDATE {TABLE} SET actor_name = 'forged' WHERE id = (SELECT max(id) - 1 FROM {TABLE})"]


def write(count: int) -> None:
    for number in range(count):
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=NOON, asked={"é": number})


def test_command_verifies_and_records_it():
    write(3)
    last = AuditLink.objects.order_by("-position")[0]
    text = output("audit_verify")
    assert text.startswith("Verified 3 entries: nothing was changed, removed or inserted.")
    assert last.hash in text
    assert "Without a checkpoint" in text
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.action, entry.outcome, entry.actor_name) == ("verify", "ok", "system")
    assert entry.after == {"last": 3, "total": 3, "hash": last.hash}


def test_command_names_the_changed_entry_and_records_the_fault():
    write(3)
    run(connection, EDIT)
    changed = AuditEntry.objects.newest_first()[1].pk
    with pytest.raises(CommandError, match=f"Entry {changed} was changed"):
        output("audit_verify")
    assert AuditEntry.objects.newest_first()[0].outcome == "refused"


@pytest.mark.django_db(transaction=True)
def test_command_verifies_a_database_that_takes_no_writes(capsys):
    write(3)
    with unwritable():
        assert output("audit_verify").startswith("Verified 3 entries: nothing was changed")
        assert "The result could not be recorded: " in capsys.readouterr().err
    run(connection, EDIT)
    with unwritable(), pytest.raises(CommandError, match="was changed after it was written"):
        output("audit_verify")


def test_checkpoint_of_a_stranger_contradicts_a_chain_computed_anew(tmp_path):
    write(3)
    kept, changed = tmp_path / "kept.jsonl", AuditEntry.objects.newest_first()[0].pk
    kept.write_text(output("audit_checkpoint"))
    write(1)
    assert "and 1 checkpoint:" in output("audit_verify", checkpoints=kept)
    run(connection, [f"UPDATE {TABLE} SET actor_name = 'forged' WHERE id <= {changed}"])
    compute_anew(connection)
    with pytest.raises(CommandError, match=r"At position 3 .* a checkpoint that was kept"):
        output("audit_verify", checkpoints=kept)
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.outcome, entry.after["fault"]) == ("refused", "checkpoint")
    assert (found := log_verification.latest())
    assert (found.fault.split(" the log")[0], found.last) == ("At position 3", 0)


def test_fault_stays_on_the_page_until_it_is_looked_for_again(tmp_path, admins_browser):
    """Do not say that all is well: the page compares neither checkpoints nor indexes."""
    write(3)
    kept = tmp_path / "kept.jsonl"
    other = checkpoints.Checkpoint(NOON.isoformat(), 2, "0" * 64)
    kept.write_text(other.to_line())

    def faults() -> list[str]:
        admins_browser.post("/audit/verify")
        page = admins_browser.get("/audit/")
        assert page.context["verified"].is_whole
        shown = page.context["earlier_faults"]
        assert page.content.decode().count("This was found on") == len(shown)
        return [each.fault_kind for each in shown]

    with connection.cursor() as cursor:
        cursor.execute("UPDATE dashboard_logcount SET count = count + 1")
    for options in ({"checkpoints": kept}, {"indexes": True}, {"indexes": True}):
        with pytest.raises(CommandError):
            output("audit_verify", **options)
    assert faults() == faults() == ["checkpoint", "counts"]
    output("audit_verify")
    kept.write_text(checkpoints.latest(NOON).to_line())
    output("audit_verify", checkpoints=kept)
    assert faults() == ["counts"]


@pytest.mark.parametrize(
    "hide",
    [
        "DELETE FROM dashboard_loggedaction WHERE id = %s",
        "UPDATE dashboard_loggedaction SET id = id + 1000000 WHERE id = %s",
    ],
)
def test_action_that_the_log_does_not_list_is_named(admins_browser, monkeypatch, hide):
    """Its entries are untouched, so the chain is whole: no trigger keeps anyone from that."""
    write(5)
    hidden = AuditEntry.objects.newest_first()[1].pk
    with connection.cursor() as cursor:
        cursor.execute(hide, [hidden])
    told = f"The list of actions misses that of entry {hidden}, or"
    admins_browser.post("/audit/verify")
    page = admins_browser.get("/audit/").content.decode()
    assert told in page
    last = AuditLink.objects.get(entry_id=hidden).position + 1
    assert f"Entries up to position {last} are unchanged." in page
    with pytest.raises(CommandError, match=told):
        output("audit_verify")
    # In parts, it is found in the part of its entry.
    monkeypatch.setattr(chain_verification, "BATCH", 2)
    monkeypatch.setattr(log_verification, "REQUEST_SECONDS", -1)
    parts = []
    while not parts or not (parts[-1].fault or parts[-1].is_whole):
        parts.append(log_verification.verify_part(by=None, now=NOON))
    assert [part.fault and part.fault.entry_id for part in parts][-1] == hidden
    assert len(parts) > 1


def test_file_of_checkpoints_that_cannot_be_read_is_named(tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")
    for file in (tmp_path / "missing", tmp_path, binary):
        with pytest.raises(CommandError, match="The checkpoints cannot be read"):
            output("audit_verify", checkpoints=file)


def test_checkpoint_of_another_site_is_refused(settings):
    line = checkpoints.latest(NOON).to_line()
    assert checkpoints.read(line) == checkpoints.Checkpoint("2026-11-24T12:00:00+00:00", 0, "")
    for forged in (line.replace('"position": 0', '"position": 1'), "{}", "no", "[]"):
        with pytest.raises(ValueError, match=r"checkpoint|SECRET_KEY"):
            checkpoints.read(forged)
    settings.SECRET_KEY = "another key of another site"
    with pytest.raises(ValueError, match="SECRET_KEY"):
        checkpoints.read(line)


def test_standalone_verifier_agrees(staff, hold):
    begun = begin_to_extend(staff, hold)  # the chain has the entries of others in between
    extend(staff, hold)
    trail.outcome(begun, outcome=trail.Outcome.OK, now=NOON)
    write(2)
    exported = output("audit_export").splitlines()
    exported += output("audit_export").splitlines()[len(exported) :]  # with the export itself
    point = checkpoints.latest(NOON).to_line()
    assert standalone_verifier.first_fault(exported) == ""
    in_order = sorted(exported, key=standalone_verifier.place)
    assert in_order != exported
    by_chain = [json.loads(line)["id"] for line in in_order]
    for place, line in enumerate(in_order):
        expected = f"position {place + 1}, entry {by_chain[place]}"
        twice = line.replace('{"', '{"action":"x","', 1)  # some programs read the first
        for changed in (line.replace('"action":"', '"action":"x'), twice):
            tampered = [*in_order[:place], changed, *in_order[place + 1 :]]
            assert standalone_verifier.first_fault(tampered) == expected
    assert standalone_verifier.first_fault(in_order[:-1], [point]).startswith("the checkpoint")
    assert standalone_verifier.first_fault([]).startswith("no entry")
    other = json.dumps(json.loads(point) | {"hash": "0" * 64})
    assert standalone_verifier.first_fault(in_order, [other, point]).startswith("the checkpoint")
    first, second = in_order[:2]
    swapped = [
        first.replace('"position":1,', '"position":2,'),
        second.replace('"position":2,', '"position":1,'),
        *in_order[2:],
    ]
    assert standalone_verifier.first_fault(swapped) == f"position 1, entry {by_chain[1]}"
    stray = [*in_order, second.replace('"position":2,', '"position":null,')]
    assert standalone_verifier.first_fault(stray) == f"position 1, entry {by_chain[1]}"


def test_export_is_whole_while_an_action_ends(staff, hold, monkeypatch):
    """It ends where the log ended as it began: of an action that was written it lacks no entry."""
    monkeypatch.setattr(export, "BATCH", 1)  # actions
    begun, lines = begin_to_extend(staff, hold), []
    for block in export.of_actions("jsonl", []):
        lines += block.text.splitlines()
        if str(begun.action_id) in block.text:
            trail.outcome(begun, outcome=trail.Outcome.OK, now=NOON)
            write(1)
    assert standalone_verifier.first_fault(lines) == ""


def test_admin_verifies_from_the_page(admins_browser):
    write(2)
    assert "Not verified yet." in admins_browser.get("/audit/").content.decode()
    total = log_verification.total()
    answer = admins_browser.post("/audit/verify")
    assert (answer.status_code, answer["Location"]) == (303, "/audit/#evidence")
    search = "/audit/?find=hold:1&follow=on"
    asked = admins_browser.get(search).content.decode()
    assert 'action="/audit/verify?find=hold%3A1&amp;follow=on"' in asked
    answer = admins_browser.post("/audit/verify?find=hold%3A1&follow=on")
    assert answer["Location"] == "/audit/?find=hold%3A1&follow=on#evidence"
    page = admins_browser.get("/audit/").content.decode()
    assert (
        f"Entries 1 to {total + 1} of {total + 1}: none was changed, removed or inserted, and"
        in page
    )


def test_entry_that_is_listed_behind_earlier_ones_is_named(admins_browser):
    """PostgreSQL gives such ids where its sequence was set forward and back."""
    write(1)
    found = log_verification.verify_from()
    columns = {"kind": "event", "outcome": "ok", "actor_name": "system"}
    values = {"last": 1, "total": 1, "hash": found.last_hash}
    AuditEntry.objects.create(
        pk=10**6, at=NOON, action="verify", asked={"first": 1}, after=values, **columns
    )
    behind = 10**6 - 2
    soon, later = NOON + timedelta(minutes=59), NOON + timedelta(minutes=60)
    AuditEntry.objects.create(pk=behind, at=soon, action="sign_out", **columns)
    assert (log_verification.latest().fault, log_verification.verify_from().fault) == ("", None)
    AuditEntry.objects.create(pk=behind + 1, at=later, action="sign_out", **columns)
    misplaced = chain_verification.LogFault("order", log_verification.total(), behind + 1)
    assert log_verification.verify_from().fault == misplaced
    page = admins_browser.get("/audit/").content.decode()
    assert f"Entry {behind + 1} has a lower number than earlier ones" in page
    assert "No entry is lost. The operator can set them forward" in page
    AuditEntry.objects.create(pk=10**6 + 1, at=later, action="sign_out", **columns)
    assert log_verification.verify_from().fault is None


def test_page_names_a_fault(admins_browser):
    write(2)
    run(connection, EDIT)
    admins_browser.post("/audit/verify")
    assert "was changed after it was written." in admins_browser.get("/audit/").content.decode()


def test_long_log_is_verified_in_parts(admins_browser, monkeypatch):
    monkeypatch.setattr(chain_verification, "BATCH", 2)
    monkeypatch.setattr(log_verification, "REQUEST_SECONDS", -1)
    write(5)
    total = log_verification.total()
    parts = []
    for _ in range(4):
        admins_browser.post("/audit/verify")
        verified = log_verification.latest()
        parts.append((verified.first, verified.last))
    assert parts[0] == (1, 2)
    assert parts[1] == (3, 4)
    assert "verify again to continue" in admins_browser.get("/audit/").content.decode()
    assert total > 4


def test_verified_is_of_the_last_verification():
    assert log_verification.latest() is None
    write(1)
    log_verification.record(
        log_verification.verify_whole(), by=None, now=datetime(2026, 11, 28, 12, tzinfo=UTC)
    )
    verified = log_verification.latest()
    assert (verified.is_whole, verified.fault, verified.actor_name) == (True, "", "the system")
