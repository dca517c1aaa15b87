"""Values as addresses and forms bring them: numbers take only the digits 0 to 9."""

from __future__ import annotations

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from dashboard.accounts.models import User
from dashboard.holds.models import Hold
from dashboard.holds.problems import Doubt
from dashboard.pages import parameters
from dashboard.pages.responses import missing_is_404
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.factories import put
from tests.pages.desk import desk

IN_OTHER_SCRIPTS = ["\u0661\u0662", "\u0967\u0968", "\uff11\uff12", "\U0001d7d9\U0001d7da", "1\xb2"]
NONE = ["", " 12", "12\n", "+12", "-12", "1_2", "1e2", "1.0", "0x1", "1" * 19, None]


@pytest.mark.parametrize("text", [*IN_OTHER_SCRIPTS, *NONE])
def test_other_text_is_no_number(text: str | None) -> None:
    assert parameters.number(text) is None


def test_numbers_have_at_most_18_digits() -> None:
    assert [parameters.number(text) for text in ("0", "12", "9" * 18)] == [0, 12, 10**18 - 1]


@pytest.mark.parametrize("text", IN_OTHER_SCRIPTS)
def test_invalid_version_fits_no_hold(rf: RequestFactory, text: str) -> None:
    form = {"version": text, "version_7": text, "version_\u0668": "1", "9": "1"}
    asked = rf.post("/", form)
    assert (parameters.version(asked), parameters.versions(asked)) == (-1, {7: -1})


def test_box_of_a_hold_sends_the_version_shown(rf: RequestFactory) -> None:
    asked = rf.post("/", {"hold": ["7-3", "8", "9-x", "x-1", "10-"], "version_11": "2"})
    assert parameters.hold_numbers(asked.POST.getlist("hold")) == [7, 8, 9, 10]
    assert parameters.versions(asked) == {7: 3, 9: parameters.NO_VERSION, 11: 2}


def test_doubts_are_open_until_confirmed_on_a_page_that_asks(rf: RequestFactory) -> None:
    def open_doubts(asks: str, confirmed: str) -> frozenset[Doubt]:
        return parameters.open_doubts(rf.post("/", {"asks": asks, "confirm": confirmed}))

    assert open_doubts("", "") == frozenset()
    assert open_doubts("yes", "yes") == frozenset()
    assert open_doubts("yes", "not_offered host_busy") == {Doubt.MORE_THAN_HOSTS}
    assert open_doubts("yes", "x") == frozenset(Doubt)


def test_pages_refuse_digits_of_other_scripts(calcom: Sandbox, staff: User) -> None:
    hold = verbs.place(staff)
    browser, pk = desk(staff), str(hold.pk).translate({48 + n: 0x660 + n for n in range(10)})
    assert browser.get(f"/holds/{pk}/").status_code == 404
    assert browser.post("/offers/new", {"hold": pk}).status_code == 404
    assert browser.post("/offers/1/keep", {"hold": pk}).status_code == 404
    assert browser.get("/release", {"hold": pk}).headers["Location"] == "/"
    assert browser.post("/release", {"hold": pk, "sure": "yes", "reason": "other"}).url == "/"
    like = [browser.get("/holds/new", {"again": one}).content for one in (hold.pk, pk)]
    assert [b'value="Grace"' in one for one in like] == [True, False]
    browser.post("/check", {"hold": pk})
    assert calcom.calls("GET", verbs.ONE) == []
    assert Hold.objects.get(pk=hold.pk).state == Hold.State.HELD


def test_only_a_missing_row_of_the_address_is_a_404(rf: RequestFactory, staff: User) -> None:
    hold = put(staff)

    @missing_is_404(Hold)
    def view(_request: HttpRequest, _pk: int) -> HttpResponse:
        raise Hold.DoesNotExist

    with pytest.raises(Http404):
        view(rf.get("/"), hold.pk + 1)
    with pytest.raises(Hold.DoesNotExist):  # a fault of the program
        view(rf.get("/"), hold.pk)
