"""Slows down guessing of passwords, without letting a stranger lock the office out.

Tries are counted per name and address. The first few are free, then each has to wait twice as
long as the one before, up to a bound. A try counts before its password is looked at, under a
lock, so that many at once gain nothing; one that works wipes the count.

Whoever takes another name each time is counted by address alone. A whole office may share one
address, so there is room for a hundred people who mistype on the same morning, and more room
comes by and by: three a minute, too few to try the usual passwords on a list of names. Tries
that work take no room. Nobody is counted by name alone: that would lock people out from afar.
"""

import hashlib
import ipaddress
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import transaction
from django.db.models import F

from dashboard.accounts.models import SignInGuesses

FREE = 5
LONGEST = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(days=1)
FREE_OF_ADDRESS = 100
ROOM_AGAIN = timedelta(seconds=20)  # for one more from the same address
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
        of_address = _locked(_key_of_address(address), now)
        if wait := _too_soon(of_address, now):
            return wait  # without a row for the name: there may be any number of them
        of_name = _locked(_key(name, address), now)
        if wait := _too_soon(of_name, now):
            return wait
        _count(of_address, now, _less_room(of_address.wait_until, now))
        _count(of_name, now, now + _delay(of_name.count + 1))
        return None


def forget(*, name: str, address: str) -> None:
    """This try worked: wipe the count of the name here, and give the address its room back."""
    SignInGuesses.objects.filter(key=_key(name, address)).delete()
    of_address = SignInGuesses.objects.filter(key=_key_of_address(address))
    of_address.update(wait_until=F("wait_until") - ROOM_AGAIN)


def _locked(key: str, now: datetime) -> SignInGuesses:
    found, _ = SignInGuesses.objects.select_for_update().get_or_create(
        key=key, defaults={"last_at": now, "wait_until": now - FORGOTTEN_AFTER}
    )
    return found


def _too_soon(guesses: SignInGuesses, now: datetime) -> Wait | None:
    left = guesses.wait_until - now
    if left <= timedelta():
        return None
    first = not guesses.told
    if first:
        guesses.told = True
        guesses.save(update_fields=["told"])
    return Wait(seconds=ceil(left.total_seconds()), first=first)


def _count(guesses: SignInGuesses, now: datetime, wait_until: datetime) -> None:
    guesses.count += 1
    guesses.last_at = now
    guesses.wait_until = wait_until
    guesses.told = False
    guesses.save()


def _less_room(wait_until: datetime, now: datetime) -> datetime:
    """From when on the next one may come: the further back it lies, the more room there is."""
    all_room = now - (FREE_OF_ADDRESS - 1) * ROOM_AGAIN
    return max(wait_until, all_room) + ROOM_AGAIN


def _delay(count: int) -> timedelta:
    if count < FREE:
        return timedelta()
    doublings = min(count - FREE, 16)
    return min(timedelta(seconds=2 << doublings), LONGEST)


def _key(name: str, address: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _digest(f"{folded}\0{_neighbourhood(address)}")


def _key_of_address(address: str) -> str:
    return _digest(_neighbourhood(address))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _neighbourhood(address: str) -> str:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(ipaddress.IPv6Network((known, IPV6_OF_ONE), strict=False))
