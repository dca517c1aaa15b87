"""No query makes an admin page fail."""

from __future__ import annotations

from itertools import product
from urllib.parse import urlencode

import pytest
from django.test import Client

from dashboard.accounts.models import User
from tests.accounts.admin_pages import ADD, LIST, filled_form, page_of
from tests.accounts.cast import send

pytestmark = pytest.mark.slow  # hundreds of pages

LOOKUPS = [
    *("_to_field", "e", "p", "o", "q"),
    *("is_active__exact", "is_active__isnull", "is_active__in", "is_active"),
    *("groups__id__exact", "groups__isnull", "groups__id__in", "groups__name", "groups"),
]
REFUSED = [
    *("password__startswith", "is_superuser__exact", "holds__client_name", "id__in", "pk", "x__y"),
    *("date_joined__year", "date_joined__gte", "stored_preferences__sound", "username__regex"),
]
# Of these the list of people reads no value.
PRESENT = [
    *("_popup", "_changelist_filters", "_facets", "_source_model"),
    *("all", "pop", "t", "ot", "next", "language"),
]
NAMES = LOOKUPS + PRESENT + REFUSED
VALUES = [
    "",
    "-1",
    "9" * 400,
    "no_such_field",
    "id__in",
    "1.2.-3.99",
    "a\x00b",
    "[(%s'\"\\",
    "\ud800",
]


def addresses(staff: User) -> list[str]:
    site = ["/admin/", "/admin/login/", "/admin/jsi18n/", "/admin/dashboard/"]
    odd = [f"{LIST}{pk}/change/" for pk in ("0", "-1", "x", "9" * 30, "_00", "%00", "1_2F")]
    return [*site, LIST, ADD, page_of(staff), *odd]


def queries(names: list[str]) -> list[str]:
    pairs = product(names, VALUES)
    return [urlencode({name: value}, errors="surrogatepass") for name, value in pairs]


def test_no_query_is_an_error(admins: Client, staff: User) -> None:
    admins.raise_request_exception = False
    failed = []
    for index, address in enumerate(addresses(staff)):
        # Every one that the list of people may read, a few elsewhere: the rest reads none.
        every = 1 if address == LIST else 10 if address in (ADD, page_of(staff)) else 50
        asked = queries(LOOKUPS) + queries(PRESENT)[::4] if address == LIST else queries(NAMES)
        for query in asked[index % every :: every]:
            if admins.get(f"{address}?{query}").status_code >= 500:
                failed.append((address, query[:60]))
    assert failed == []


def test_no_lookup_that_the_list_refuses_is_an_error(admins: Client) -> None:
    answers = {query: admins.get(f"{LIST}?{query}").status_code for query in queries(REFUSED)[::4]}
    assert answers == dict.fromkeys(answers, 400)


@pytest.mark.parametrize("name", ["_to_field", "_popup", "_source_model"])
def test_forms_ignore_popups(admins: Client, staff: User, name: str) -> None:
    for address in (page_of(staff), f"{page_of(staff)}?{name}=password"):
        answer = send(admins, address, **filled_form(staff, first_name="Ada"), **{name: "password"})
        assert (answer.status_code, answer["Location"]) == (302, LIST)
