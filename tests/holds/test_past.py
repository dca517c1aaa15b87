"""Find holds that have ended, however long ago, with the index of texts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import action_sql, text_index
from dashboard.audit.models import HoldText
from dashboard.holds import erasure, register
from dashboard.localization.searching import finder
from tests.accounts.cast import acting
from tests.holds.factories import put, put_ended
from tests.localization.spellings import DIFFERENT, SAME

pytestmark = pytest.mark.django_db
DAY = 24 * 3600
SHORT = [("李伟", "李伟"), ("Li Wei", "li"), ("Bo", "b o"), ("100 % sure", "%"), ("a_b", "_")]


def found(text: str, *, before: int | None = None, most: int = 50) -> list[int]:
    return register.past(text, before=before, most=most)


def test_index_finds_what_the_board_finds(staff: User) -> None:
    texts = [stored for stored, _typed in SAME + DIFFERENT + SHORT]
    holds = [put_ended(staff, client_name=text, client_contact="12 7") for text in texts]
    for _stored, typed in SAME + DIFFERENT + SHORT:
        on_board = [hold.pk for hold in reversed(holds) if finder(typed)(hold.search_text)]
        assert found(typed, most=1000) == on_board, typed
    assert {len(found(typed)) > 0 for _stored, typed in SAME + SHORT} == {True}
    assert found("12 7", most=1000) == [hold.pk for hold in reversed(holds)]
    assert [found(text) for text in ("", " - ", "nothing of it")] == [[], [], []]


def test_friday_is_found_on_monday_and_last_year_too(staff: User, colleague: User) -> None:
    last_year = put_ended(colleague, "booked", ago=400 * DAY, client_name="Grace Hopper")
    friday = put_ended(staff, "expired", ago=3 * DAY, note="for Mrs Hopper")
    assert found("hopper") == [friday.pk, last_year.pk]


def test_only_what_has_ended_is_past(staff: User) -> None:
    live = put(staff, client_name="Zoe")
    put_ended(staff, "refused", client_name="Zoe")
    put_ended(staff, "released", client_name="Zoe", stands_in_for=live)
    ended = [put_ended(staff, state, client_name="Zoe").pk for state in register.ENDED]
    assert found("zoe") == ended[::-1]
    assert action_sql.ENDED == register.ENDED  # those by which the log finds what ended a hold


def test_pages_have_no_gap(staff: User) -> None:
    pks = [put_ended(staff, client_contact="+49 171 1234567").pk for _number in range(5)][::-1]
    pages = [found("0171 1234567", before=before, most=2) for before in (None, pks[1], pks[3])]
    assert pages == [pks[:2], pks[2:4], pks[4:]]


def test_erased_client_is_not_found(staff: User, admin: User) -> None:
    hold = put_ended(staff, client_name="Grace", client_contact="grace@example.test")
    other = put_ended(staff, client_name="Grace", client_contact="other@example.test")
    erasure.erase(hold_id=hold.pk, by=acting(admin), now=timezone.now() + timedelta(days=1))
    assert found("grace") == [other.pk]
    assert register.clients("grace", most=8) == [("Grace", "other@example.test")]


def test_clients_are_offered_newest_first_and_once(
    staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_ended(staff, "refused", client_name="Zoe Müller", client_contact="zoe@example.test")
    put(staff, client_name="zoe muller", client_contact="ZOE@example.test")
    put_ended(staff, client_name="ZOE MÜLLER", client_contact="+49 171 1234567", note="of Bo")
    put(staff, client_name="Bo", note="Zoe's sister")
    once, other = ("zoe muller", "ZOE@example.test"), ("ZOE MÜLLER", "+49 171 1234567")
    asked = ("zo", "mueller", "0171 1234567", "zoe@", "bo", "of bo", "", "-")
    offered = {text: register.clients(text, most=8) for text in asked}
    assert offered == {text: [] for text in ("of bo", "", "-")} | {
        "zo": [other, once],
        "mueller": [other, ("Zoe Müller", "zoe@example.test")],
        "0171 1234567": [other],
        "zoe@": [once],
        "bo": [("Bo", "")],
    }
    assert register.clients("zo", most=1) == [other]
    monkeypatch.setattr(register, "CLIENTS_AMONG", 1)  # the newest says it in a note
    assert register.clients("zo", most=8) == []


@pytest.mark.parametrize("text", ["hopper", "müller", "0171 1234567", "grace li"])
def test_index_of_texts_is_used(text: str) -> None:
    conditions = text_index.conditions(text)
    index = "dashboard_holdtext_words"
    if connection.vendor == "sqlite":
        index = "VIRTUAL TABLE INDEX 192:L0"  # 192: rows come in their order
    else:
        with connection.cursor() as cursor:  # which an empty table makes look cheaper
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")

    plans = [HoldText.objects.filter(each).order_by("-rowid").explain() for each in conditions]

    assert [plan for plan in plans if index not in plan or "TEMP B-TREE" in plan] == []
    assert len(plans) >= 1
