"""A script as a visitor: it knows addresses and names of fields only."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import TracebackType

import httpx

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """A visitor to the pages below ``base``, with cookies as in a browser.

    Where that is an https address, the transport given verifies the certificate.
    """

    def __init__(self, base: str, **client: object) -> None:
        self.base = base.rstrip("/")
        self.client = httpx.Client(**{"timeout": 60, "verify": False, **client})  # type: ignore[arg-type]

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.client.close()

    def get(self, path: str) -> httpx.Response:
        return self.client.get(self.base + path)

    def post(self, form: str, to: str, **fields: str) -> httpx.Response:
        """Open the page with the form, then send the fields with its token, as a browser does."""
        found = TOKEN.search(self.get(form).text)
        token = {"csrfmiddlewaretoken": found[1]} if found else {}
        headers = {"Referer": self.base + form}
        return self.client.post(self.base + to, data=token | fields, headers=headers)

    def place(self, client_name: str, **fields: str) -> httpx.Response:
        """Place a hold, unless told otherwise on a Tuesday at 16:00, which is free in the demo."""
        wanted = {"event_type_id": "1", "slot_start": f"{free_tuesday()}T16:00"} | fields
        return self.post("/holds/new", "/holds/new", client_name=client_name, **wanted)

    def sign_in(self, name: str, password: str) -> int:
        """Return the status of the answer: 302 after a successful sign-in."""
        page = "/accounts/login/"
        return self.post(page, page, username=name, password=password).status_code


def free_tuesday() -> str:
    """Return the date of a Tuesday at least a week ahead."""
    day = datetime.now(UTC).date() + timedelta(days=7)
    return str(day + timedelta(days=(1 - day.weekday()) % 7))
