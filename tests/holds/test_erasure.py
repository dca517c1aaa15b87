"""Erase a client: from every ended hold and the index, but not from the proof of the log."""

import io
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit import chain_verification, saved_searches, search
from dashboard.audit.models import AuditEntry, AuditLink, HoldText
from dashboard.audit.saved_searches import SavedSearch
from dashboard.holds import erasure
from dashboard.holds.client_change import change_client
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from tests.accounts.cast import acting, make_hold as make_any_hold
from tests.audit.searching import found
from tests.commands import output
from tests.pages.desk import desk

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ADA = {"client_name": "Ada", "client_contact": "0171", "note": "by the door"}


def make_hold(holder: User, **fields: object) -> Hold:
    return make_any_hold(holder, reservation_uid=uuid.uuid4().hex, **fields)


@pytest.fixture
def ended(staff: User, colleague: User) -> list[Hold]:
    return [
        make_hold(staff, state=Hold.State.EXPIRED, end_note="hung up", **ADA),
        make_hold(colleague, state=Hold.State.RELEASED, **ADA),
    ]


def told(hold: Hold) -> tuple[str, str, str, str]:
    hold.refresh_from_db()
    return hold.client_name, hold.client_contact, hold.note, hold.end_note


def text_of(hold: Hold) -> str:
    return HoldText.objects.filter(pk=hold.pk).values_list("text", flat=True).first() or ""


def test_erases_all_ended_holds_of_the_client(ended, staff, admin):
    live = make_hold(staff, **ADA)
    other = make_hold(staff, state=Hold.State.EXPIRED, **{**ADA, "client_contact": "0172"})
    versions = [hold.version for hold in ended]
    link = AuditLink.objects.order_by("-position")[0]

    with CaptureQueriesContext(connection) as queries:
        pks = erasure.erase(hold_id=ended[1].pk, by=acting(admin), now=timezone.now())

    # One for all holds: others wait until the last of them is erased.
    assert sum("holdtext" in each["sql"] and "DELETE" in each["sql"] for each in queries) == 1
    assert pks == [hold.pk for hold in ended]
    assert [told(hold) for hold in ended] == [("", "", "", "")] * 2
    assert [hold.version for hold in ended] == [version + 1 for version in versions]
    assert [told(hold)[0] for hold in (live, other)] == ["Ada", "Ada"]
    texts = HoldText.objects.filter(text__like="by the door").values_list("rowid", flat=True)
    assert set(texts) == {live.pk, other.pk}
    entries = AuditEntry.objects.newest_first()[:2]
    told_of = [(entry.action, entry.hold_id, entry.asked) for entry in entries]
    # The entry of the hold that was named has all numbers: in each, they would be very many.
    assert told_of == [("erase", pks[0], {}), ("erase", pks[1], {"holds": pks})]
    verified = chain_verification.in_order()
    assert (verified.fault, verified.last) == (None, link.position + 2)
    for pk, clauses in zip(pks, [(), (f"numbers of the holds: {pks[0]}, {pks[1]}",)], strict=True):
        (line,) = search.story(pk, now=timezone.now()).lines
        assert (line.action, line.clauses) == ("erase", clauses)
    assert erasure.erase(hold_id=ended[1].pk, by=acting(admin), now=timezone.now()) == []


FORMER = {"client_name": "Zed", "client_contact": "0999", "note": ""}


def given_to_another(hold: Hold, **client: str) -> None:
    """Give a hold to another client, as staff do."""
    state = hold.state
    Hold.objects.filter(pk=hold.pk).update(state=Hold.State.HELD)
    hold.refresh_from_db()
    change_client(hold_id=hold.pk, by=acting(hold.holder), now=timezone.now(), **client)
    Hold.objects.filter(pk=hold.pk).update(state=state)


def test_former_client_is_erased_from_holds_of_others(ended, staff, admin):
    given_to_another(ended[0], **FORMER)
    live = make_hold(staff, **ADA)
    given_to_another(live, **FORMER)
    page = " ".join(desk(admin).get(f"/holds/{ended[1].pk}/erase").content.decode().split())
    assert "go from 1 ended hold of this client" in page
    assert "go from 2 holds that were once for this client and are for another one now" in page
    assert "not ended" not in page

    pks = erasure.erase(hold_id=ended[1].pk, by=acting(admin), now=timezone.now())

    assert pks == [hold.pk for hold in (*ended, live)]
    assert [told(hold)[0] for hold in (*ended, live)] == ["Zed", "", "Zed"]
    for given in (ended[0], live):
        given.refresh_from_db()
        assert (given.erased_at, "Ada" in given.former_clients) == (None, False)
        assert "ada" not in text_of(given)
    assert found("zed") == found(f"client:{ended[0].pk}")
    erased, changed = search.story(ended[0].pk, now=timezone.now()).lines
    assert (changed.is_erased, changed.client) == (True, "")
    assert changed.details_text == ", fields: client, contact, note"
    assert erased.did == f"erased the client's data of hold {ended[0].pk}"
    assert erased.clauses[0] == "only a former client: yes"
    assert erasure.erase(hold_id=ended[1].pk, by=acting(admin), now=timezone.now()) == []


def test_nothing_is_erased_while_a_hold_of_the_former_client_is_being_changed(ended, staff, admin):
    """Find nothing of them again by what the verb has read."""
    live = make_hold(staff, **ADA)
    given_to_another(live, **FORMER)
    until = timezone.now() + timedelta(seconds=30)
    Hold.objects.filter(pk=live.pk).update(claim_id=uuid.uuid4(), claim_by=staff, claim_until=until)
    answer = desk(admin).post(f"/holds/{ended[1].pk}/erase")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "A hold that was once for this client is being changed right now." in page
    assert f'href="/holds/{live.pk}/"' in page
    with pytest.raises(CommandError, match="nothing was erased"):
        output("erase_client", str(ended[1].pk), no_input=True)
    assert [told(hold)[0] for hold in ended] == ["Ada", "Ada"]


def test_searches_are_read_once_for_all_clients_of_the_hold(staff, admin):
    hold = make_hold(staff, **ADA)
    for name in ("Grace", "Hedy"):
        client = {"client_name": name, "client_contact": "0171", "note": ""}
        change_client(hold_id=hold.pk, by=acting(staff), now=timezone.now(), **client)
    for name in ("Ada", "Grace", "Hedy", "Zoe"):
        saved_searches.save(owner=admin.pk, name=name, query="find=x")
    hold.refresh_from_db()

    with CaptureQueriesContext(connection) as queries:
        found_names = [each.name for each in erasure.searches(hold)]

    assert found_names == ["Ada", "Grace", "Hedy"]
    assert len(queries) == 1


def test_erasure_takes_the_former_clients_of_the_hold(ended, admin):
    given_to_another(ended[0], **FORMER)
    for name in ("about Ada", "about Zed", "no one"):
        saved_searches.save(owner=admin.pk, name=name, query="")
    page = " ".join(desk(admin).get(f"/holds/{ended[0].pk}/erase").content.decode().split())
    assert 'that this hold had before go too: <bdi translate="no">Ada</bdi> </p>' in page
    assert "2 saved searches of the log are deleted too" in page
    erasure.erase(hold_id=ended[0].pk, by=acting(admin), now=timezone.now())
    assert [each.name for each in SavedSearch.objects.all()] == ["no one"]
    assert told(ended[0]) == ("", "", "", "")
    assert (ended[0].former_clients, text_of(ended[0])) == ("", "")
    assert told(ended[1])[0] == "Ada"


@pytest.mark.parametrize(
    ("name", "contact"),
    [("", ""), ("Müller", ""), ("Müller", "-"), ("Müller", "\u2013"), ("", "'")],
)
def test_hold_without_a_contact_is_alone(staff, admin, name, contact):
    client = {"client_name": name, "client_contact": contact}
    noted, nameless = (
        make_hold(staff, state=Hold.State.EXPIRED, note=note, **client)
        for note in ("tall", "short")
    )
    page = desk(admin).get(f"/holds/{noted.pk}/erase").content.decode()
    assert "Known by name only: other holds of this name" in page
    assert erasure.erase(hold_id=noted.pk, by=acting(admin), now=timezone.now()) == [noted.pk]
    assert told(nameless)[2] == "short"


@pytest.mark.parametrize("contact", ["李", "李伟", "7"])
def test_contact_too_short_for_the_index_is_found(staff, admin, contact):
    ended = [
        make_hold(staff, state=Hold.State.EXPIRED, **{**ADA, "client_contact": contact}).pk
        for _number in range(2)
    ]
    assert erasure.erase(hold_id=ended[0], by=acting(admin), now=timezone.now()) == ended


def test_staff_cannot_erase_and_the_log_says_so(ended, staff):
    with pytest.raises(HoldError) as refused:
        erasure.erase(hold_id=ended[0].pk, by=acting(staff), now=timezone.now())
    assert refused.value.status == 403
    assert told(ended[0])[0] == "Ada"
    entry = AuditEntry.objects.newest_first()[0]
    assert (entry.action, entry.outcome, entry.error_code) == ("erase", "refused", "admins_only")
    assert desk(staff).get(f"/holds/{ended[0].pk}/erase").status_code == 403


def test_page_says_what_goes_and_erases(ended, staff, admin):
    make_hold(staff, **ADA)
    browser: Client = desk(admin)
    address = f"/holds/{ended[0].pk}/erase"
    assert address in browser.get(f"/holds/{ended[0].pk}/").content.decode()
    assert address not in desk(staff).get(f"/holds/{ended[0].pk}/").content.decode()
    page = " ".join(browser.get(address).content.decode().split())
    assert "go from 2 ended holds of this client" in page
    assert "1 hold of this client has not ended" in page
    assert "Known by name only" not in page
    answer = browser.post(address, follow=True)
    assert answer.redirect_chain == [(f"/holds/{ended[0].pk}/", 303)]
    assert "Erased from 2 holds." in answer.content.decode()
    assert "erased the client&#x27;s data of it, numbers of the holds" in answer.content.decode()
    assert "Ada" not in answer.content.decode()
    page = browser.get(address).content.decode()
    assert "No ended hold says anything about this client." in page
    assert browser.get("/holds/999/erase").status_code == 404


def test_erased_words_leave_the_index_of_sqlite(ended, admin):
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        erasure.erase(hold_id=ended[0].pk, by=acting(admin), now=timezone.now())
        cursor.execute("SELECT block FROM dashboard_holdtext_data")
        blocks = b"".join(bytes(block) for (block,) in cursor.fetchall())
    assert b"ada" not in blocks
    assert b"door" not in blocks


def test_erased_words_leave_the_files_of_sqlite(ended, admin):
    if connection.vendor != "sqlite":
        return
    file = Path(connection.settings_dict["NAME"])
    files = [file, file.with_name(f"{file.name}-wal")]
    Hold.objects.filter(pk=ended[0].pk).update(note="Zanzibar")
    assert any(b"Zanzibar" in each.read_bytes() for each in files)
    erasure.erase(hold_id=ended[0].pk, by=acting(admin), now=timezone.now())
    assert [each.name for each in files if b"Zanzibar" in each.read_bytes()] == []
    with connection.cursor() as cursor:  # what the erasure does not shorten for others
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (20_000,)


def erase_client(*arguments: object) -> str:
    return output("erase_client", *map(str, arguments))


def test_command_erases_and_names_no_client(ended, staff, monkeypatch):
    live = make_hold(staff, **ADA)
    said = erase_client(ended[0].pk, "--dry-run")
    assert said == (
        f"hold {ended[0].pk}: 2 ended holds say something of its client, 1 open one keeps it\n"
    )
    for typed in ("", "no\n"):  # nothing at all, as without a terminal
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(CommandError, match="Nothing was erased"):
            erase_client(ended[0].pk)
    with pytest.raises(CommandError, match="there is no hold 999"):
        erase_client(ended[0].pk, 999, "--no-input")
    assert [told(hold)[0] for hold in ended] == ["Ada", "Ada"]
    said += erase_client(ended[0].pk, ended[1].pk, "--no-input")
    assert [told(hold) for hold in ended] == [("", "", "", "")] * 2
    assert told(live)[0] == "Ada"
    assert "Ada" not in said
    entries = AuditEntry.objects.filter(action="erase").order_by("pk")
    pks = [hold.pk for hold in ended]
    assert list(entries.values_list("actor_name", "outcome", "hold", "asked")) == [
        ("system", "ok", pks[0], {"holds": pks}),
        ("system", "ok", pks[1], {}),
    ]
