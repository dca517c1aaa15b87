"""Export: the entries of the filter, in both formats, and the stream of new ones."""

import csv
import io
import json
from collections.abc import Iterable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.models import Q

from dashboard.audit import export, trail
from dashboard.audit.export import Block
from dashboard.audit.models import AuditEntry
from dashboard.audit.search import with_entry
from tests.audit.attacks import NOON
from tests.audit.recorded import extend
from tests.commands import output

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]


def exported(*conditions: Q) -> list[int]:
    return [line["id"] for line in parsed(export.of_actions("jsonl", conditions))]


def parsed(blocks: Iterable[Block]) -> list[dict]:
    return [json.loads(line) for block in blocks for line in block.text.splitlines()]


def test_exports_every_entry_of_matching_actions(staff, colleague, mixed_log):
    everything = list(AuditEntry.objects.order_by("id").values_list("id", flat=True))
    assert sorted(exported()) == everything
    assert everything
    extended = AuditEntry.objects.filter(action="extend", actor=staff).order_by("id")
    assert exported(Q(action="extend"), Q(actor=staff.pk)) == [row.pk for row in extended]
    assert len(extended) > 1
    assert exported(with_entry(hold=10**9)) == []


def test_batches_lose_nothing(staff, hold, monkeypatch):
    monkeypatch.setattr(export, "BATCH", 2)
    for _ in range(5):
        extend(staff, hold)
    assert len(set(exported())) == AuditEntry.objects.count()
    positions = [line["position"] for line in parsed(export.since(0))]
    assert positions == list(range(1, AuditEntry.objects.count() + 1))


def test_lines_are_in_order_whatever_is_found_first(mixed_log, monkeypatch):
    usual, name = exported(), "streamed" if connection.vendor == "postgresql" else "fetched"
    select = getattr(export, name)
    monkeypatch.setattr(export, name, lambda *query: reversed(list(select(*query))))
    assert exported() == usual
    positions = [line["position"] for line in parsed(export.since(0))]
    assert positions == list(range(1, AuditEntry.objects.count() + 1))


def test_formulas_are_text_in_csv():
    starts = "=+-@\t\r＝＋－＠"
    for start in starts:
        trail.event(
            action=trail.Action.DENIED, by=None, now=NOON, user_agent=f"{start}cmd|' /C calc'!A0"
        )
    text = "".join(block.text for block in export.of_actions("csv", []))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == len(starts)
    assert [row for row in rows if any(cell[:1] in starts for cell in row.values() if cell)] == []
    assert rows[0]["at"] == "2026-11-24T12:00:00.000000Z"
    assert rows[0]["schema"] == "1"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_formulas_inside_a_text_are_text_in_csv(delimiter):
    """Excel splits at semicolons where numbers have a comma, and others at any of these."""
    starts = "=+-@\t\r＝＋－＠"
    for before in ("x;", "x\t", "x\n", "x;y;", 'x;"', 'x\n""'):
        for start in starts:
            said = f"{before}{start}1;"
            event = {"user_agent": said, "message": said, "asked": {"a": said}}
            trail.event(action=trail.Action.DENIED, by=None, now=NOON, **event)
    text = "".join(block.text for block in export.of_actions("csv", []))
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    assert [cell for row in rows for cell in row if cell and cell[0] in starts] == []


def test_page_exports_what_it_shows(admins_browser, mixed_log):
    answer = admins_browser.post("/audit/export?action=expire", {"format": "jsonl"})
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [line["action"] for line in lines] == ["expire"]
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.action, entry.actor_name) == ("export", "admin")
    assert entry.asked == {"format": "jsonl", "filters": ["Action: a hold ran out"]}


def test_entry_of_an_export_names_no_client(admins_browser, mixed_log):
    query = "find=Client+-One+action:extend+-day:2d"
    answer = admins_browser.post(f"/audit/export?{query}", {"format": "jsonl"})
    assert answer.status_code == 200
    entry = AuditEntry.objects.newest_first()[0]
    assert entry.asked["filters"] == ["Find: … -… action:extend -day:2d"]


@pytest.mark.parametrize(("query", "name"), [("?hold=x", "csv"), ("", "exe"), ("", "")])
def test_invalid_export_leads_back_and_records_nothing(admins_browser, query, name):
    answer = admins_browser.post(f"/audit/export{query}", {"format": name})
    assert (answer.status_code, answer["Location"]) == (303, f"/audit/{query}")
    assert not AuditEntry.objects.filter(action="export").exists()


def run_command(**options: object) -> list[dict]:
    return [json.loads(line) for line in output("audit_export", **options).splitlines()]


def test_cursor_misses_and_repeats_nothing(tmp_path):
    cursor = tmp_path / "cursor"
    seen = []
    for _ in range(3):
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=NOON)
        seen += [line["id"] for line in run_command(cursor=cursor)]
    everything = list(AuditEntry.objects.order_by("id").values_list("id", flat=True))
    assert seen == everything
    assert len(seen) == 6  # each run records itself first
    begun = (
        AuditEntry.objects.filter(action="export").order_by("id").values_list("asked", flat=True)
    )
    assert [asked["first"] for asked in begun] == [1, 3, 5]


def test_command_filters_and_refuses_nonsense(tmp_path):
    trail.event(action=trail.Action.SIGN_OUT, by=None, now=NOON)
    assert [line["action"] for line in run_command(action="sign_out")] == ["sign_out"]
    for name in ("action", "outcome", "last"):
        with pytest.raises(CommandError, match=r"invalid choice: 'fly' \(choose from '?\w"):
            call_command("audit_export", f"--{name}=fly")
    with pytest.raises(CommandError, match=r"^--person: ada is not offered.* --since: .* a date"):
        run_command(person="ada", since="28.11.2026")
    with pytest.raises(CommandError, match="--every needs a --cursor"):
        run_command(every=1.0)
    (tmp_path / "odd").write_text("here")
    with pytest.raises(CommandError, match="has no position"):
        run_command(cursor=tmp_path / "odd")
    with pytest.raises(CommandError, match="--cursor"):
        run_command(action="sign_out", cursor=tmp_path / "cursor")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_commands_show_a_bar_on_a_terminal(tmp_path):
    trail.event(action=trail.Action.SIGN_OUT, by=None, now=NOON)
    for arguments in ([], ["--cursor", str(tmp_path / "cursor")]):
        stderr, stdout = Terminal(), io.StringIO()
        call_command("audit_export", *arguments, stdout=stdout, stderr=stderr)
        assert stderr.getvalue().endswith(f"\r[{'#' * 40}] 100%\n")
        assert "%" not in stdout.getvalue()
        assert stdout.getvalue().count("\n") > 1
