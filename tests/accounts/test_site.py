"""The real site behind the gate: its addresses, and a form that outlives its session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from dashboard.accounts.models import User
from dashboard.accounts.policy import Policy, policy_of
from dashboard.accounts.return_urls import PAGE_OF
from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold
from tests.accounts.cast import LOGIN, expire, send, send_by_htmx, sign_in


@pytest.fixture
def hold(staff: User) -> Hold:
    now = datetime.now(UTC)
    return Hold.objects.create(
        state=Hold.State.HELD,
        holder=staff,
        event_type_id=1,
        event_type_title="Consult 60",
        slot_start=now + timedelta(days=1),
        slot_end=now + timedelta(days=1, hours=1),
        reservation_duration=30,
        held_until=now + timedelta(minutes=30),
        reservation_uid="only-for-tests",
        created_at=now,
        changed_at=now,
    )


@pytest.mark.parametrize("how", ["plain", "htmx"])
def test_a_hold_is_extended_after_the_session_ended_with_what_was_typed(
    browser: Client, hold: Hold, how: str
) -> None:
    page = f"/holds/{hold.pk}/"
    sign_in(browser, "staff")
    browser.get(page)
    expire(browser)
    if how == "plain":
        address = send(browser, f"{page}extend", reservation_duration="37")["Location"]
    else:
        answer = send_by_htmx(browser, f"{page}extend", page, reservation_duration="37")
        address = answer["HX-Redirect"]
    assert address == f"{LOGIN}?next={page}"
    assert sign_in(browser, "staff", next=page)["Location"] == page
    said = browser.get(page).content.decode()
    assert 'value="37"' in said
    assert "What you typed is back in the form." in said
    assert 'value="37"' not in browser.get(page).content.decode()
    assert not AuditEntry.objects.filter(action="extend").exists()  # nothing went by itself


def test_the_reason_for_a_release_comes_back_too(browser: Client, hold: Hold) -> None:
    sign_in(browser, "staff")
    browser.get(f"/holds/{hold.pk}/")
    expire(browser)
    answer = send(browser, f"/holds/{hold.pk}/release", note="rang off")
    assert answer["Location"] == f"{LOGIN}?next=/holds/{hold.pk}/"
    sign_in(browser, "staff")
    assert "rang off" in browser.get(f"/holds/{hold.pk}/").content.decode()


def addresses(resolver: URLResolver) -> Iterator[tuple[str, str]]:
    """The site's own addresses by name, the admin's aside, with 1 wherever a key is needed."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern) and entry.name:
            needed = dict.fromkeys(entry.pattern.regex.groupindex, 1)
            yield entry.name, reverse(entry.name, kwargs=needed)


def test_every_address_that_only_takes_a_post_belongs_to_a_page(
    client: Client, admin: User
) -> None:
    client.force_login(admin)
    refused = {
        name: client.generic("PROPFIND", address).headers.get("Allow", "")
        for name, address in addresses(get_resolver())
        if policy_of(resolve(address).func) is not Policy.PUBLIC
    }
    assert set(PAGE_OF) <= set(refused)
    posts_only = {name for name, allowed in refused.items() if "GET" not in allowed}
    assert posts_only == set(PAGE_OF) - {"board-rows", "warnings"}  # these are parts of pages
    assert set(PAGE_OF.values()) <= set(refused) - set(PAGE_OF)
