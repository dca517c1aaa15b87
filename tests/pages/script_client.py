"""A script that knows the addresses, field names and answers of the contract, nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from django.http import HttpResponse
from django.test import Client

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.sandbox import Sandbox
from tests.accounts.cast import with_form_token
from tests.holds.verbs import CONSULT, LATER, MONDAY
from tests.pages.desk import page_of

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
KEY = "cal_ownerfast0123456789"
FIRST = re.compile(r'\s*<([!a-z]+)(?:[^>]*?\sid="([^"]+)")?', re.IGNORECASE)
FIELD = re.compile(r'<input[^>]*\sname="(\w+)"[^>]*>')
VALUE = re.compile(r'\svalue="([^"]*)"')
# For each form: what it does, and a refusal of each kind. The rest of its rules is one view's.
both_ways = pytest.mark.parametrize(
    "script",
    [False, pytest.param(True, marks=pytest.mark.slow)],
    ids=["plain", "htmx"],
    indirect=True,
)
PLACE_FIELDS = {
    "event_type_id": str(CONSULT),
    "slot_start": MONDAY.isoformat(),
    "client_name": "Grace & Co",
    "client_contact": "+39 06 123",
    "note": "rang at nine",
}
VERBS = ("check", "extend", "move", "release")
VERB_FIELDS = {
    "check": {},
    "extend": {"reservation_duration": "30"},
    "move": {"slot_start": LATER.isoformat()},
    "release": {"reason": "mistake"},
}


@dataclass
class ScriptClient:
    """A client signed in as ``name``, with or without htmx, which refuses answers with secrets."""

    name: str
    calcom: Sandbox
    htmx: bool

    def __post_init__(self) -> None:
        self.browser = Client(enforce_csrf_checks=True)
        if self.name:
            with_form_token(self.browser, User.objects.get(username=self.name))

    def get(self, path: str, **headers: str) -> HttpResponse:
        asked = headers | (PARTIAL if self.htmx else {})
        return self._without_secrets(self.browser.get(path, headers=asked))

    def post(self, path: str, **fields: str | list[str]) -> HttpResponse:
        """Send a form with the CSRF token from the cookie."""
        token = self.browser.cookies["holdfast_csrf"].value
        data = {"csrfmiddlewaretoken": token} | fields
        answer = self.browser.post(path, data, headers=PARTIAL if self.htmx else {})
        return self._without_secrets(answer)

    def place(self, **fields: str) -> Hold:
        """Place a hold and return it."""
        page = page_of(self.post("/holds/new", **fields))
        return Hold.objects.get(pk=int(page.split("/")[2]))

    def expected_root(self, part: str) -> tuple[str, str | None]:
        """Return the first element, and its id, of an answer with this part."""
        return ("section", part) if self.htmx else ("!doctype", None)

    def _without_secrets(self, answer: HttpResponse) -> HttpResponse:
        said = f"{answer.headers} {answer.content.decode()}"
        uids = Hold.objects.exclude(reservation_uid=None).values_list("reservation_uid", flat=True)
        secrets = {KEY, *uids, *(row.uid for row in self.calcom.rows())}
        assert [secret for secret in secrets if secret in said] == []
        return answer


def root_element(answer: HttpResponse) -> tuple[str, str | None]:
    """Return the first element of an answer and its id."""
    found = FIRST.match(answer.content.decode())
    assert found is not None
    return found[1].lower(), found[2]


def fields(answer: HttpResponse) -> dict[str, str]:
    """Return the values of a page's inputs."""
    text = answer.content.decode()
    found = [(one[1], VALUE.search(one[0])) for one in FIELD.finditer(text)]
    return {name: value[1] if value else "" for name, value in found}


def follow(script: ScriptClient, answer: HttpResponse, hold: Hold) -> str:
    """Return the text of the page that follows a form which was accepted; htmx has it already."""
    assert page_of(answer) == f"/holds/{hold.pk}/"
    page = answer if script.htmx else script.get(page_of(answer))
    assert (page.status_code, root_element(page)) == (200, script.expected_root("hold"))
    return page.content.decode()


def reload(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)
