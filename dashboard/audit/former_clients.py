"""Clients that a hold was for before, as the hold keeps them: no entry may name a client.

Staff correct a name, or give a hold to another client. The log tells each action with the client
of then, and finds it by that name; an erasure empties what is kept.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

# Of one hold. Each line of its story reads all of them, and the names of then must not be lost.
MOST = 50


class FormerClient(NamedTuple):
    """Client of a hold until a moment; name and contact are None once they were erased."""

    until: datetime
    name: str | None
    contact: str | None


def read(stored: str | None) -> list[FormerClient]:
    """Return the former clients of a hold, the first one first.

    They are none where another program has changed what is stored: the log must not fail of it.
    """
    try:
        return [read_one(*each) for each in json.loads(stored)] if stored else []
    except (TypeError, ValueError):
        return []


def read_one(until: str, name: str | None, contact: str | None) -> FormerClient:
    """Return a former client. Raises TypeError and ValueError for other values than these."""
    moment = datetime.fromisoformat(until)
    if moment.tzinfo is None:
        raise ValueError(until)
    if not all(text is None or isinstance(text, str) for text in (name, contact)):
        raise TypeError(name, contact)
    return FormerClient(moment, name, contact)


def written(clients: Iterable[FormerClient]) -> str:
    """Return them as they are stored, "" for none."""
    found = [(each.until.isoformat(), each.name, each.contact) for each in clients]
    return json.dumps(found, ensure_ascii=False) if found else ""


def followed_by(stored: str, now: datetime, name: str, contact: str) -> str:
    """Return what is stored with one more client, whom the hold is no longer for."""
    return written([*read(stored), FormerClient(now, name, contact)])


def without(stored: str, name: str, contact: str) -> str:
    """Return what is stored after the erasure of a client, whose place stays."""
    return written(
        FormerClient(each.until, None, None) if each[1:] == (name, contact) else each
        for each in read(stored)
    )


def names_since(stored: str | None, present: str, at: datetime) -> list[str | None]:
    """Return the names that a hold has had since an action began, that of then first.

    A name that was erased is None. Before a hold had a name, it is the first one it was given.
    """
    names = [each.name for each in read(stored) if at <= each.until]
    return [name for name in names if name != ""] + [present]


def names_around(stored: str | None, present: str, at: datetime) -> tuple[str | None, str | None]:
    """Return the name that was replaced at a moment and the one after it; "" for both if none was.

    A name that was erased is None.
    """
    former = read(stored)
    following = [*(each.name for each in former[1:]), present]
    changes = zip(former, following, strict=True) if former else ()
    return next(((each.name, new) for each, new in changes if each.until == at), ("", ""))


def names_of(clients: Iterable[FormerClient], present: str) -> list[str]:
    """Return each name once, without the present one, which had another contact then."""
    names = dict.fromkeys(each.name for each in clients if each.name)
    return [name for name in names if name != present]
