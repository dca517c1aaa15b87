"""Secrets and unprintable characters are removed from cal.com's messages."""

import time
from urllib.parse import quote, quote_plus

import pytest

from dashboard.calcom.cleansing import cleanse, plain

KEY = "cal_live_0123456789abcdef"
UUID = "12197e27-8acb-4005-ae3e-50a98d8eb171"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"Slot with uid={UUID} not found", "Slot with uid=[hidden] not found"),
        (f"Slot with uid={UUID.upper()} not found", "Slot with uid=[hidden] not found"),
        ("Slot with uid = nope not found", "Slot with uid = [hidden] not found"),
        ('{"reservationUid":"nope","x":1}', '{"reservationUid":"[hidden]","x":1}'),
        (f"no client found for access token={KEY}", "no client found for access token=[hidden]"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [hidden]"),
        ("Authorization: Basic YTpi", "Authorization: Basic [hidden]"),
        ("key cal_another_one is not yours", "key [hidden] is not yours"),
        ("Cannot GET /v2/slots/reservations/a?x=1", "Cannot GET /v2/slots/reservations/[hidden]"),
        ("Cannot PATCH /v2/slots/reservations/abc", "Cannot PATCH /v2/slots/reservations/[hidden]"),
        (f"seen: {UUID}, {UUID}.", "seen: [hidden], [hidden]."),
        (
            'Unexpected token \'}\', ..."slotStart":}" is not valid JSON',
            "Unexpected token [hidden] is not valid JSON",
        ),
        ("Event Type with ID=999999 not found", "Event Type with ID=999999 not found"),
        (
            "Booking with id=3 at 2027-01-13T14:00:00+01:00 has no more seats left.",
            "Booking with id=3 at 2027-01-13T14:00:00+01:00 has no more seats left.",
        ),
    ],
)
def test_text_that_looks_like_a_secret_is_hidden(text: str, clean: str) -> None:
    assert cleanse(text, ()) == clean


@pytest.mark.parametrize("secret", ["se/cr+et key?", "SECRET-Ü-1", "a%2Fb%2Fc", "x" * 3000])
def test_secrets_of_the_call_are_hidden_in_every_encoding(secret: str) -> None:
    forms = [secret, quote(secret), quote(secret, safe=""), quote_plus(secret), secret.upper()]
    for form in [*forms, quote(secret, safe="").lower()]:
        assert cleanse(f"<{form}> and {form}!", (secret,)) == "<[hidden]> and [hidden]!"


def test_short_secret_is_hidden_only_as_a_whole_word() -> None:
    assert cleanse("x is the next x, 'x'", ("x",)) == "[hidden] is the next [hidden], '[hidden]'"


def test_empty_secret_hides_nothing() -> None:
    assert cleanse("as it is", ("",)) == "as it is"


def test_control_characters_do_not_protect_a_secret() -> None:
    split = f"{UUID}\x00\x1b[31m {KEY}\u202e\nnext"
    assert cleanse(split, ()) == "[hidden] [31m [hidden] next"


def test_text_is_cut_after_it_is_cleansed() -> None:
    text = "a" * 290 + " " + UUID + " and more"
    assert cleanse(text, ()) == "a" * 290 + " [hidden]…"
    assert len(cleanse("b" * 1000, (), 60)) == 60


@pytest.mark.parametrize("bad", ["\ud800", "\x00", "\x7f", "\u2028", "\u200b", "\ufeff"])
def test_unprintable_characters_become_a_space(bad: str) -> None:
    assert plain(f"one{bad}two", 20) == "one two"


@pytest.mark.parametrize("piece", ["uid=", "Unexpected token ", "a ", "cal_", "0a-"])
def test_long_text_is_cleansed_quickly(piece: str) -> None:
    began = time.process_time()
    cleanse(piece * (500_000 // len(piece)), (UUID, KEY))
    assert time.process_time() - began < 5
