"""Slows down guessing of passwords, without letting a stranger lock the office out.

Tries are counted per name and address. The first few are free, then each has to wait twice as
long as the one before, up to a bound. A try counts before its password is looked at, under a
lock, so that many at once gain nothing; one that works wipes the count.
"""

import hashlib
import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import transaction

from dashboard.accounts.models import SignInGuesses

FREE = 5
LONGEST = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(days=1)
IPV6_OF_ONE = 64  # the prefix that one household or one rented machine has to itself


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait before the next try, and whether that has not been said before."""

    seconds: int
    first: bool


def admit(*, name: str, address: str, now: datetime) -> Wait | None:
    """Count one try; None lets it pass."""
    with transaction.atomic():
        SignInGuesses.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
        guesses, _ = SignInGuesses.objects.select_for_update().get_or_create(
            key=_key(name, address), defaults={"last_at": now, "wait_until": now}
        )
        wait = _too_soon(guesses, now)
        if wait is None:
            _count(guesses, now)
        return wait


def forget(*, name: str, address: str) -> None:
    """Wipe the count: this try worked."""
    SignInGuesses.objects.filter(key=_key(name, address)).delete()


def _too_soon(guesses: SignInGuesses, now: datetime) -> Wait | None:
    left = guesses.wait_until - now
    if left <= timedelta():
        return None
    first = not guesses.told
    if first:
        guesses.told = True
        guesses.save(update_fields=["told"])
    return Wait(seconds=ceil(left.total_seconds()), first=first)


def _count(guesses: SignInGuesses, now: datetime) -> None:
    guesses.count += 1
    guesses.last_at = now
    guesses.wait_until = now + _delay(guesses.count)
    guesses.told = False
    guesses.save()


def _delay(count: int) -> timedelta:
    if count < FREE:
        return timedelta()
    doublings = min(count - FREE, 16)
    return min(timedelta(seconds=2 << doublings), LONGEST)


def _key(name: str, address: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return hashlib.sha256(f"{folded}\0{_neighbourhood(address)}".encode()).hexdigest()


def _neighbourhood(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(ipaddress.IPv6Network((known, IPV6_OF_ONE), strict=False))
