"""Throttling of sign-in attempts: slow down password guessing without locking people out.

Attempts are counted per user name and address. The first few are free; then each must wait twice
as long as the one before, up to a maximum. An attempt counts before its password is checked,
under a row lock, so parallel attempts gain nothing. A successful sign-in resets the counter.

An attacker who changes the name each time is limited by address. A whole office may share one, so
it has a burst of a hundred attempts that refills by three a minute: too slow to try common
passwords on a list of names. No counter is by name alone: a stranger could lock a person out.

A browser with which the person has signed in before has a counter of its own instead, so that
strangers at the same address, such as behind an unknown proxy, cannot keep that person out.

Waits are bounded also if the local clock is set back: times ahead of it move back with it.
"""

import hashlib
import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import connection, transaction
from django.db.models import F

from dashboard.accounts.models import SignInAttempts, User
from dashboard.audit import trail
from dashboard.audit.trail import Action

FREE_ATTEMPTS = 5
MAX_WAIT = timedelta(minutes=5)
RESET_AFTER = timedelta(days=1)
ADDRESS_BURST = 100  # attempts
ADDRESS_REFILL = timedelta(seconds=20)  # per attempt
IPV6_PREFIX = 64  # the network of one household or one rented machine


@dataclass(frozen=True, slots=True)
class SignInWait:
    """Refusal of an attempt; ``first`` is True for the first one inside this wait."""

    seconds: int
    first: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """Sign-in under a name; ``browser`` is the id of one that the person has used before."""

    name: str
    address: str
    browser: str = ""


def admit(attempt: Attempt, *, now: datetime) -> SignInWait | None:
    """Count one attempt; return None if its password may be checked now."""
    with transaction.atomic():
        SignInAttempts.objects.filter(last_at__lt=now - RESET_AFTER).delete()
        by_address = None if attempt.browser else locked_counter(address_key(attempt.address), now)
        if by_address and (wait := remaining_wait(by_address, now)):
            return wait  # before a row for the name is created: there is no limit to names
        by_name = locked_counter(name_key(attempt), now)
        if wait := remaining_wait(by_name, now):
            return wait
        if by_address:
            # The further wait_until lies in the past, the more of the burst is left.
            full_burst = now - (ADDRESS_BURST - 1) * ADDRESS_REFILL
            count(by_address, now, max(by_address.wait_until, full_burst) + ADDRESS_REFILL)
        count(by_name, now, now + name_delay(by_name.count + 1))
        return None


def reset(attempt: Attempt) -> None:
    """Forget the attempts of a name that signed in, and give the address its share back."""
    SignInAttempts.objects.filter(key=name_key(attempt)).delete()
    give_back_share(attempt)


def give_back(attempt: Attempt, *, now: datetime) -> None:
    """Take back an attempt that was counted, and whose password was not checked."""
    by_name = SignInAttempts.objects.filter(key=name_key(attempt), count__gt=0)
    by_name.update(count=F("count") - 1, wait_until=now)
    give_back_share(attempt)


def give_back_share(attempt: Attempt) -> None:
    if not attempt.browser:
        by_address = SignInAttempts.objects.filter(key=address_key(attempt.address))
        by_address.update(wait_until=F("wait_until") - ADDRESS_REFILL)


def unlock(address: str = "", *, now: datetime) -> int:
    """End all waits, or those of an address and of people there; return how many were counted."""
    counters = SignInAttempts.objects.all()
    if address:
        names = User.objects.values_list("username", flat=True)
        keys = [address_key(address), *(name_key(Attempt(name, address)) for name in names)]
        counters = counters.filter(key__in=keys)
    with transaction.atomic():
        wait_for_attempts()
        deleted, _by_model = counters.delete()
        asked = {"address": address} if address else {}
        trail.event(action=Action.SIGN_IN_UNLOCKED, by=None, asked=asked, now=now)
    return deleted


def wait_for_attempts() -> None:
    """Let no attempt begin before the commit: each locks its address's counter, then its name's.

    To delete them in another order would be a deadlock. SQLite has one writer at a time.
    """
    if connection.vendor == "postgresql":
        table = SignInAttempts._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")


def locked_counter(key: str, now: datetime) -> SignInAttempts:
    """Return the counter of a key, created if missing, locked until the transaction ends."""
    counter, _created = SignInAttempts.objects.select_for_update().get_or_create(
        key=key, defaults={"last_at": now, "wait_until": now - RESET_AFTER}
    )
    if counter.last_at > now:
        counter.wait_until -= counter.last_at - now
        counter.last_at = now
        counter.save(update_fields=["last_at", "wait_until"])
    return counter


def remaining_wait(counter: SignInAttempts, now: datetime) -> SignInWait | None:
    """Return the wait before the next attempt, and mark it as reported; None if it is over."""
    left = counter.wait_until - now
    if left <= timedelta():
        return None
    first = not counter.logged
    if first:
        counter.logged = True
        counter.save(update_fields=["logged"])
    return SignInWait(seconds=ceil(left.total_seconds()), first=first)


def count(counter: SignInAttempts, now: datetime, wait_until: datetime) -> None:
    counter.count += 1
    counter.last_at = now
    counter.wait_until = wait_until
    counter.logged = False
    counter.save()


def name_delay(attempts: int) -> timedelta:
    if attempts < FREE_ATTEMPTS:
        return timedelta()
    doublings = min(attempts - FREE_ATTEMPTS, 16)
    return min(timedelta(seconds=2 << doublings), MAX_WAIT)


def name_key(attempt: Attempt) -> str:
    """Return the key of a user name, in any spelling, in this browser or at this address."""
    folded = unicodedata.normalize("NFKC", attempt.name).casefold()
    place = f"browser {attempt.browser}" if attempt.browser else network_of(attempt.address)
    return digest(f"{folded}\0{place}")


def address_key(address: str) -> str:
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
