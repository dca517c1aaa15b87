"""Numbers, versions and form values as addresses and forms bring them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest

from dashboard.accounts.saved_forms import recall
from dashboard.holds.problems import Doubt

# A version that no hold has.
NO_VERSION = -1


def number(text: Any) -> int | None:
    """Return a number written in the digits 0 to 9, which is how pages write them; else None.

    More than 18 digits fit no database column.
    """
    text = str(text or "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def numbers(texts: Iterable[str]) -> list[int]:
    """Return those texts that are a number, in their order."""
    return [found for found in map(number, texts) if found is not None]


def hold_numbers(texts: Iterable[str]) -> list[int]:
    """Return the primary keys that boxes of holds send, with or without a version."""
    return numbers(text.partition("-")[0] for text in texts)


def posted_hold(request: HttpRequest) -> int:
    """Return the primary key that a form names as ``hold``. Raise Http404 where there is none."""
    pk = number(request.POST.get("hold"))
    if pk is None:
        raise Http404
    return pk


def version(request: HttpRequest) -> int | None:
    """Return the version of the hold that the page showed; one that is no number fits no hold."""
    return _version(request.POST.get("version") or request.GET.get("version"))


def versions(request: HttpRequest) -> dict[int, int]:
    """Return the versions that a page of several holds showed, by their primary keys.

    A box sends version 3 of hold 7 as ``hold=7-3``, which is short on a full board; for a hold that
    has no box, or is not the chosen one, there is ``version_7=3``.
    """
    sent = [text.partition("-") for text in request.POST.getlist("hold")]
    for name in request.POST:
        if name.startswith("version_"):
            sent.append((name.removeprefix("version_"), "", request.POST.get(name, "")))
    found = {}
    for digits, _separator, text in sent:
        pk, shown = number(digits), _version(text)
        if pk is not None and shown is not None:
            found[pk] = shown
    return found


def confirmed(request: HttpRequest) -> list[str]:
    """Return what the button stands for that was pressed after a question."""
    return request.POST.get("confirm", "").split()


def open_doubts(request: HttpRequest) -> frozenset[Doubt]:
    """Return what may be asked back, by a page that says that it can show the question.

    A person has confirmed some doubts by name, or all by "yes".
    """
    if request.POST.get("asks") != "yes" or "yes" in confirmed(request):
        return frozenset()
    return frozenset(Doubt) - set(confirmed(request))


def initial(data: Mapping[str, Any], form: type[forms.Form]) -> dict[str, Any]:
    """Return the values for a form's fields from an address or an earlier attempt."""
    return {name: data[name] for name in form.base_fields if name != "token" and name in data}


def recalled(request: HttpRequest, posted_to: str, form: type[forms.Form]) -> dict[str, Any]:
    """Return what was typed before the session ended, into the form sent to this URL name."""
    return initial(recall(request, posted_to), form)


def _version(text: str | None) -> int | None:
    found = number(text)
    return NO_VERSION if text and found is None else found
