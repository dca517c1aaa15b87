"""Texts of entries are folded as the board folds names, by both databases."""

import importlib
import json
import secrets
import unicodedata
from types import SimpleNamespace

import pytest
from django.db import connection

from dashboard.audit import action_sql, rollup_sql, text_index, text_sql, trail
from dashboard.audit.logged_actions import LoggedAction
from dashboard.audit.models import EntryText
from dashboard.audit.rollups import LogCount
from dashboard.localization.folding import LETTERS, fold
from tests.accounts.cast import acting
from tests.audit.recorded import NOON, Action, sign_in
from tests.audit.searching import found
from tests.localization.spellings import SAME

pytestmark = pytest.mark.django_db


def is_letter(char: str) -> bool:
    """Return False for what is no text, or becomes a space, which databases keep as they are."""
    return char.isprintable() and " " not in unicodedata.normalize("NFKD", char)


def test_database_folds_as_the_board_does():
    """Compare all letters of the scripts that people here write, and what the tables name."""
    blocks = (range(33, 0x590), range(0x5D0, 0x700), range(0x1E00, 0x2000))
    chars = [char for block in blocks for char in map(chr, block) if is_letter(char)]
    words = [
        f"a{char}{unicodedata.normalize('NFD', char)}Z b" for char in [*chars, *LETTERS, "ﬁ", "Ａ"]
    ]
    with connection.cursor() as cursor:
        texts = "json_each" if connection.vendor == "sqlite" else "json_array_elements_text"
        folded = text_sql.folded(connection.vendor, "value")
        cursor.execute(f"SELECT value, {folded} FROM {texts}(%s)", [json.dumps(words)])
        assert [row for row in cursor.fetchall() if row[1] != fold(row[0])] == []


@pytest.mark.usefixtures("immediate_links")
def test_migration_finds_what_was_written_before(staff):
    for message in ("plain", "étÉ d’Arc"):
        trail.event(action=Action.DENIED, by=acting(staff), now=NOON, message=message)
    models = (LoggedAction, LogCount, EntryText)
    before = [sorted(model._default_manager.values_list()) for model in models]
    assert [text for _pk, text in before[-1]][-2:] == ["plain", "ete darc"]
    with connection.cursor() as cursor:
        for table in (action_sql.ACTIONS, rollup_sql.COUNTS, text_index.ENTRIES):
            cursor.execute(f"DELETE FROM {table}")
    migration = importlib.import_module("dashboard.migrations.0060_logged_actions")
    migration.fill(None, SimpleNamespace(connection=connection))
    assert [sorted(model._default_manager.values_list()) for model in models] == before


def test_entry_is_found_however_it_is_spelled(staff):
    """Compare spellings of one form: only texts of clients and people have several."""
    same = [(written, typed) for written, typed in SAME if fold(typed) in fold(written)]
    assert len(same) > 20
    for written, typed in same:
        event = {"message": written, "request_id": f"request-{secrets.token_hex(8)}"}
        trail.event(action=Action.DENIED, by=acting(staff), now=NOON, **event)
        assert found(f'"{typed}" request:{event["request_id"]}') == [("denied", "staff")], typed


def test_person_is_found_however_the_name_is_spelled(staff):
    staff.first_name, staff.last_name = "Zoë", "Müller-Łukasiewicz"
    staff.save()
    sign_in(staff)
    for typed in ("zoe", "mueller", "MULLER", '"muller lukasiewicz"', "actor:mueller"):
        assert [action for action, _who in found(typed)] == ["sign_in"], typed
