"""Every way to write to a hold, tried by a colleague: only its holder and Admins may."""

import ast
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

import dashboard
from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.audit.timeline import lines_of
from dashboard.holds import checks, rules
from dashboard.holds.models import Hold
from dashboard.pages.rows import HoldRow
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import factories, verbs
from tests.holds.observe import sent
from tests.holds.offers import start_offer
from tests.holds.verbs import LATER, SHORT
from tests.pages.desk import desk, wish

Form = dict[str, Any]

# Address and form of each write to one hold; {pk} is the hold, {offer} its offer.
WRITES: dict[str, tuple[str, Form]] = {
    "check": ("/holds/{pk}/check", {}),
    "extend": ("/holds/{pk}/extend", {"reservation_duration": 30}),
    "extend by more": ("/holds/{pk}/extend", {"add": 15}),
    "retake": ("/holds/{pk}/extend", {"reservation_duration": 30, "retake": "on"}),
    "move": ("/holds/{pk}/move", {"slot_start": LATER.isoformat()}),
    "move to another event type": (
        "/holds/{pk}/move",
        {"slot_start": LATER.isoformat(), "event_type_id": SHORT},
    ),
    "release": ("/holds/{pk}/release", {"reason": "mistake"}),
    "take over": ("/holds/{pk}/take-over", {"reason": "absent"}),
    "put aside": ("/holds/{pk}/put-aside", {}),
    "start an offer": ("/offers/new", {"hold": "{pk}"}),
    "keep one of an offer": ("/offers/{offer}/keep", {"hold": "{pk}"}),
    "add to an offer": ("/holds/new", wish(slot_start=LATER.isoformat(), offer="{offer}")),
}
# Modules of the register that write to rows, and the guard of each write that a person causes.
WRITERS = {
    "claims": "callers load the hold through loading.load, or take_over, or lookup.attach",
    "erasure": "for Admins only, and only what has ended",
    "lookup": "insert makes the person's own hold",
    "models": "write_rows writes for the others",
    "offer_decision": "start_offer loads the hold through loading.load",
    "operation": "abandon marks what this operation had loaded",
    "put_aside": "loads the hold through loading.load",
    "runner": "rescue keeps the answer of this operation",
}


def rows() -> list[Form]:
    return list(Hold.objects.order_by("pk").values())


def test_colleague_may_not_write(
    calcom: Sandbox, staff: User, colleague: User, settings: Any
) -> None:
    settings.STAFF_MAY_TAKE_OVER = False
    hold, offered_hold = verbs.place(staff), verbs.place(staff, event_type=SHORT)
    offer = start_offer(staff, offered_hold).pk
    before, browser = rows(), desk(colleague)
    calcom.forget_calls()

    for way, (address, form) in WRITES.items():
        pk = hold.pk if way == "start an offer" else offered_hold.pk
        names = {"pk": pk, "offer": offer}
        sent_form = {name: str(value).format(**names) for name, value in form.items()}
        answer = browser.post(address.format(**names), sent_form)
        assert (way, answer.status_code) == (way, 403)
        assert (way, rows(), sent(calcom)) == (way, before, [])
        assert "This hold belongs to staff." in answer.content.decode(), way
    # The log names the hold by its slot, not by its number.
    refusals = AuditEntry.objects.filter(outcome="refused", hold__isnull=False).with_names()
    lines = [line.did for line in lines_of(refusals, now=timezone.now())]
    assert [line for line in lines if "the hold of " not in line] == []
    assert len(lines) == len(WRITES) - 1  # "add to an offer" names no hold


def test_colleague_may_not_write_in_bulk(calcom: Sandbox, staff: User, colleague: User) -> None:
    hold = verbs.place(staff)
    before = rows()
    calcom.forget_calls()

    [checked] = checks.check_many(hold_ids=[hold.pk], by=acting(colleague), now=timezone.now())
    released = desk(colleague).post("/release", {"hold": hold.pk, "sure": "yes"})

    assert checked.error is not None
    assert checked.error.cause == "not_yours"
    assert "This hold belongs to staff." in released.content.decode()
    assert (rows(), sent(calcom)) == (before, [])


def test_form_token_of_a_colleague_is_not_theirs(
    calcom: Sandbox, staff: User, colleague: User
) -> None:
    token = "0b5f3f63-53e4-4a76-9d0c-0f2f0b6f5a11"
    desk(staff).post("/holds/new", wish(token=token))
    before = rows()

    desk(colleague).post("/holds/new", wish(token=token, slot_start=LATER.isoformat()))

    assert rows()[:1] == before
    assert rows()[1]["holder_id"] == colleague.pk


def test_ended_hold_is_refused_for_its_holder_first(staff: User, colleague: User) -> None:
    """A colleague is told whose hold it is, whatever its state."""
    holds = [factories.put_ended(staff), factories.put(staff, change=[])]

    answers = [desk(colleague).post(f"/holds/{hold.pk}/release") for hold in holds]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize("is_allowed", [False, True])
def test_pages_offer_what_the_rule_allows(
    staff: User, colleague: User, monkeypatch: pytest.MonkeyPatch, *, is_allowed: bool
) -> None:
    hold = factories.put(staff)
    monkeypatch.setattr(rules, "is_allowed", lambda _hold, _user: is_allowed)
    for person in (staff, colleague):
        row = HoldRow(hold, factories.viewer(person, timezone.now()))
        assert (row.may_change, row.can_change) == (is_allowed, is_allowed)


def test_every_writer_of_rows_is_listed() -> None:
    folder = Path(dashboard.__file__).parent / "holds"
    writers = {path.stem for path in folder.glob("*.py") if writes_holds(path.read_text())}
    assert writers == set(WRITERS)


def writes_holds(source: str) -> bool:
    """Return whether a module updates, inserts or saves rows of holds."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {keyword.arg for keyword in node.keywords}
            is_update = node.func.attr == "update" and keywords & {"version", "changed_at"}
            is_update = is_update or node.func.attr == "write_rows"
            is_insert = ast.unparse(node.func) in {"Hold.objects.create", "hold.save"}
            if is_update or is_insert:
                return True
    return False
