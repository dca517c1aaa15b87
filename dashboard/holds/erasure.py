"""Erase what the register knows about a client. cal.com is not asked.

No audit entry names a client, so the log stays whole and its proof valid. Holds that have not
ended keep their client: staff need the name while the client may come.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from dashboard.accounts.actors import Actor
from dashboard.audit import former_clients, saved_searches, text_index, trail
from dashboard.audit.clients import holds_formerly_of, holds_of_same_client
from dashboard.audit.models import HoldText
from dashboard.audit.saved_searches import SavedSearch, about_any
from dashboard.audit.trail import Action
from dashboard.holds import claims, messages
from dashboard.holds.loading import load
from dashboard.holds.models import TEXTS, Hold
from dashboard.holds.operation import Operation
from dashboard.holds.states import OPEN

MAX_WAIT = 2000  # milliseconds for others that read, during which no one writes
ERASED: dict[str, Any] = dict.fromkeys((*TEXTS, "former_clients"), "")


def erasable(hold: Hold) -> QuerySet[Hold]:
    """Return the ended holds of the client that say something about them."""
    says_something = ~Q(**ERASED)
    return holds_of_same_client(hold).filter(says_something).exclude(state__in=OPEN)


def unerasable(hold: Hold) -> QuerySet[Hold]:
    """Return the open holds of the client, which keep what they say."""
    return holds_of_same_client(hold).filter(state__in=OPEN)


def passed_on(hold: Hold) -> QuerySet[Hold]:
    """Return the holds, open ones too, that were for the client once and are for another now."""
    client = {"client_name": hold.client_name, "client_contact": hold.client_contact}
    return holds_formerly_of(hold).exclude(**client)


def former_names(hold: Hold) -> list[str]:
    """Return the names of those whom this hold was for before, who are erased with it."""
    return former_clients.names_of(former_clients.read(hold.former_clients), hold.client_name)


def searches(hold: Hold) -> list[SavedSearch]:
    """Return the saved searches that go with the client, or a former one of this hold."""
    return about_any(clients_of(hold))


def clients_of(hold: Hold) -> list[tuple[str, str]]:
    """Return names and contacts of the client and the former ones of a hold."""
    former = former_clients.read(hold.former_clients)
    known = [(each.name, each.contact or "") for each in former if each.name is not None]
    return [(hold.client_name, hold.client_contact), *known]


def erase(*, hold_id: int, by: Actor | None, now: datetime) -> Sequence[int]:
    """Erase the client from this and all other ended holds of the same client.

    Holds that are for another client now keep that one, also while they are open.

    ``by=None`` is the operator, with ``manage.py erase_client``. Returns their keys, none if
    nothing was left to erase. Raises HoldError for people who are no Admins, or while one of the
    holds that are for another client is being changed, and Hold.DoesNotExist.
    """
    with Operation(Action.ERASE, by=by, hold_id=hold_id, now=now) as operation:
        hold = load(operation, hold_id)
        if by is not None and not by.user.is_admin:
            raise messages.refusal("admins_only", hold=hold)
        with transaction.atomic(durable=True):
            own, others = locked(hold)
            if not (pks := sorted(own | others)):
                return pks
            for other in others.values():
                forget_former(other, hold, now=now)
            Hold.objects.filter(pk__in=own).write_rows(ERASED | {"erased_at": now}, now=now)
            HoldText.objects.filter(pk__in=own).delete()
            text_index.forget_deleted()
            asked: dict[str, object] = {"holds": pks}
            if deleted := saved_searches.forget(searches(hold)):
                asked["searches"] = deleted
            operation.log.event(asked=asked, now=now)
            for pk in pks:  # the story of each hold tells of it
                if pk != hold_id:
                    asked = {} if pk in own else {"former_client": True}
                    trail.event(action=Action.ERASE, by=by, hold_id=pk, asked=asked, now=now)
            transaction.on_commit(empty_write_ahead_log, robust=True)
    return pks


def locked(hold: Hold) -> tuple[dict[int, Hold], dict[int, Hold]]:
    """Return the ended holds of the client, and those passed on, by their keys.

    No one else writes to them until the commit. All rows are locked in one order, and looked at
    again then: another erasure may have been first.
    """
    found = [each.values_list("pk", flat=True) for each in (erasable(hold), passed_on(hold))]
    rows = Hold.objects.filter(pk__in={*found[0], *found[1]})
    in_order = rows.select_for_update(no_key=True).order_by("pk")
    pks = list(in_order.values_list("pk", flat=True))
    return erasable(hold).in_bulk(pks), passed_on(hold).in_bulk(pks)


def forget_former(hold: Hold, client: Hold, *, now: datetime) -> None:
    """Erase the client of another hold from the former clients of this one. Raises HoldError."""
    former = former_clients.without(hold.former_clients, client.client_name, client.client_contact)
    # A verb that is at work would index again what it read before.
    if not claims.update_unclaimed(hold, {"former_clients": former}, now=now):
        in_use = Hold.objects.with_people().filter(pk=hold.pk)
        raise messages.refusal("former_client_in_use", others=in_use)


def empty_write_ahead_log() -> None:
    """Remove from SQLite's write-ahead log the rows as they were; it is written over only later.

    Where others read for longer than MAX_WAIT, it stays until it is written over, or until the last
    process ends. https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        (usual,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {MAX_WAIT}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute(f"PRAGMA busy_timeout = {usual}")
