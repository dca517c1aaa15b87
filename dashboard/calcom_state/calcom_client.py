"""The clients of cal.com that this process uses, made from the settings."""

import hashlib
import os
import threading

from django.conf import settings

from dashboard.calcom import AsyncClient, Client

# What one call to cal.com may take at most, in seconds. Claims are counted from it.
CALL_SECONDS = 8.0
# After so many milliseconds without an answer cal.com stands still: another call would hang too.
SILENT = 2000
# Seconds after which a page begins no further read: the person waits, and a proxy not for long.
PAGE_SECONDS = 8.0

_clients: dict[tuple[int, str, str], Client] = {}
_lock = threading.RLock()


def source_digest() -> str:
    """Return 16 characters that differ by cal.com's address and by key, and reveal neither.

    They mark what is stored of cal.com's answers: a start with another key or address must not
    meet failures, blocks or free times of the one before.
    """
    tried = f"{settings.CALCOM_API_URL} {settings.CALCOM_API_KEY}"
    return hashlib.sha256(tried.encode()).hexdigest()[:16]


def new_client() -> Client:
    url, key = settings.CALCOM_API_URL, settings.CALCOM_API_KEY
    return Client(base_url=url, api_key=key, call_seconds=CALL_SECONDS)


def new_async_client() -> AsyncClient:
    """Return an async client, whose pool belongs to one event loop: for checks in bulk."""
    url, key = settings.CALCOM_API_URL, settings.CALCOM_API_KEY
    return AsyncClient(base_url=url, api_key=key, call_seconds=CALL_SECONDS)


def client() -> Client:
    """Return the pooled client of this process, made on first use and so never before a fork."""
    key = (os.getpid(), settings.CALCOM_API_URL, settings.CALCOM_API_KEY)
    with _lock:
        if key not in _clients:
            close_client()
            _clients[key] = new_client()
        return _clients[key]


def close_client() -> None:
    """Close the pooled connections; the next call makes a new client."""
    with _lock:
        for (pid, _url, _key), old in _clients.items():
            if pid == os.getpid():  # connections of a parent process are the parent's
                old.close()
        _clients.clear()
