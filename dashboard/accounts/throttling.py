"""Throttling of sign-in attempts: slow down password guessing without locking people out.

Attempts are counted per user name and address. The first few are free; then each must wait twice
as long as the one before, up to a maximum. An attempt counts before its password is checked,
under a row lock, so parallel attempts gain nothing. A successful sign-in resets the counter.

An attacker who changes the name each time is limited by address. A whole office may share one
address, so it has a burst of a hundred attempts that refills by three a minute: too slow to try
common passwords on a list of names. Successful sign-ins give their share back. No counter is by
name alone, because that would let a stranger lock a person out.
"""

import hashlib
import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import transaction
from django.db.models import F

from dashboard.accounts.models import SignInAttempts

FREE_ATTEMPTS = 5
MAX_WAIT = timedelta(minutes=5)
RESET_AFTER = timedelta(days=1)
ADDRESS_BURST = 100  # attempts
ADDRESS_REFILL = timedelta(seconds=20)  # per attempt
IPV6_PREFIX = 64  # the network of one household or one rented machine


@dataclass(frozen=True, slots=True)
class Wait:
    """Refusal of an attempt; ``first`` is True for the first one inside this wait."""

    seconds: int
    first: bool


def admit(*, name: str, address: str, now: datetime) -> Wait | None:
    """Count one attempt; return None if its password may be checked now."""
    with transaction.atomic():
        SignInAttempts.objects.filter(last_at__lt=now - RESET_AFTER).delete()
        by_address = locked_counter(address_key(address), now)
        if wait := remaining_wait(by_address, now):
            return wait  # before a row for the name is created: there is no limit to names
        by_name = locked_counter(name_key(name, address), now)
        if wait := remaining_wait(by_name, now):
            return wait
        # The further wait_until lies in the past, the more of the burst is left.
        full_burst = now - (ADDRESS_BURST - 1) * ADDRESS_REFILL
        count(by_address, now, max(by_address.wait_until, full_burst) + ADDRESS_REFILL)
        count(by_name, now, now + name_delay(by_name.count + 1))
        return None


def reset(*, name: str, address: str) -> None:
    """Forget the attempts of a name that signed in, and give the address its share back."""
    SignInAttempts.objects.filter(key=name_key(name, address)).delete()
    by_address = SignInAttempts.objects.filter(key=address_key(address))
    by_address.update(wait_until=F("wait_until") - ADDRESS_REFILL)


def locked_counter(key: str, now: datetime) -> SignInAttempts:
    """Return the counter of a key, created if missing, locked until the transaction ends."""
    counter, _created = SignInAttempts.objects.select_for_update().get_or_create(
        key=key, defaults={"last_at": now, "wait_until": now - RESET_AFTER}
    )
    return counter


def remaining_wait(counter: SignInAttempts, now: datetime) -> Wait | None:
    """Return the wait before the next attempt, and mark it as reported; None if it is over."""
    left = counter.wait_until - now
    if left <= timedelta():
        return None
    first = not counter.logged
    if first:
        counter.logged = True
        counter.save(update_fields=["logged"])
    return Wait(seconds=ceil(left.total_seconds()), first=first)


def count(counter: SignInAttempts, now: datetime, wait_until: datetime) -> None:
    """Add one attempt to a counter."""
    counter.count += 1
    counter.last_at = now
    counter.wait_until = wait_until
    counter.logged = False
    counter.save()


def name_delay(attempts: int) -> timedelta:
    """Return the wait after this many attempts under one name."""
    if attempts < FREE_ATTEMPTS:
        return timedelta()
    doublings = min(attempts - FREE_ATTEMPTS, 16)
    return min(timedelta(seconds=2 << doublings), MAX_WAIT)


def name_key(name: str, address: str) -> str:
    """Return the key of a user name, in any spelling, at an address."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return digest(f"{folded}\0{network_of(address)}")


def address_key(address: str) -> str:
    """Return the key of an address alone."""
    return digest(network_of(address))


def digest(text: str) -> str:
    """Return SHA-256 in hexadecimal; also for text that is not valid Unicode."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def network_of(address: str) -> str:
    """Return the address itself, or the network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.IPv6Network((parsed, IPV6_PREFIX), strict=False))
