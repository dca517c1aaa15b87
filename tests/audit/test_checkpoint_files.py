"""Files of checkpoints that prove nothing, or less than they seem to."""

import pytest
from django.core.management.base import CommandError

from dashboard.audit import checkpoints, log_verification, trail
from dashboard.audit.checkpoints import Checkpoint
from dashboard.audit.models import AuditLink
from tests.audit.attacks import NOON
from tests.commands import output

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]


@pytest.fixture
def file(tmp_path):
    for _number in range(3):
        trail.event(action=trail.Action.SIGN_OUT, by=None, now=NOON)
    return tmp_path / "kept.jsonl"


def test_empty_file_is_refused(file):
    """Someone may have cut it off, and cron must tell."""
    file.write_text("")
    with pytest.raises(CommandError, match="empty: nothing was compared"):
        output("audit_verify", checkpoints=file)


def test_checkpoint_of_an_empty_log_proves_nothing(file):
    """Nor does it end the warning of a fault that another checkpoint showed."""
    file.write_text(Checkpoint(NOON.isoformat(), 2, "0" * 64).to_line())
    with pytest.raises(CommandError, match="At position 2"):
        output("audit_verify", checkpoints=file)
    file.write_text(Checkpoint(NOON.isoformat(), 0, "").to_line())
    said = output("audit_verify", checkpoints=file)
    assert "checkpoint:" not in said
    assert "Without a checkpoint kept elsewhere" in said
    (earlier,) = log_verification.earlier_faults(log_verification.latest())
    assert earlier.fault_kind == "checkpoint"


def test_position_that_is_no_number_is_named(file):
    link = AuditLink.objects.get(position=2)
    line = Checkpoint(NOON.isoformat(), 2, link.hash).to_line()
    assert checkpoints.read(line).position == 2
    file.write_text(line.replace('"position": 2', '"position": "2"'))
    with pytest.raises(CommandError, match="Line 1 of the checkpoints is not a checkpoint"):
        output("audit_verify", checkpoints=file)


@pytest.mark.parametrize(
    "line",
    [
        '{"at": "", "position": 1, "hash": "", "signature": []}',
        r'{"at": "\ud800", "position": 1, "hash": "", "signature": ""}',
        "[" * 100_000,
    ],
    ids=["no text", "no Unicode", "too deep"],
)
def test_line_that_cannot_be_signed_is_named(file, line):
    file.write_text(line)
    with pytest.raises(CommandError, match="Line 1 of the checkpoints"):
        output("audit_verify", checkpoints=file)
