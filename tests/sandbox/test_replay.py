"""The measure of the stand-in: what the real server said, it says too."""

from __future__ import annotations

import pytest

from dashboard.sandbox import Sandbox
from tests.sandbox.recorded import Exchange, timeline
from tests.sandbox.replay import Replay, world

# Exchanges that differ for a reason, by file and number. At most 2 %, none about reservations.
NAMED: dict[tuple[str, int], str] = {}


def differing(sandbox: Sandbox) -> tuple[list[Exchange], dict[tuple[str, int], list[str]]]:
    exchanges = timeline()
    replay = Replay(sandbox)
    try:
        found = {exchange.key: replay.differences(exchange) for exchange in exchanges}
    finally:
        replay.close()
    return exchanges, {key: differences for key, differences in found.items() if differences}


def test_every_recorded_conversation_has_the_same_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Sandbox(world()) as sandbox:
        exchanges, different = differing(sandbox)
    with capsys.disabled():
        print(f"\n{len(exchanges) - len(different)} of {len(exchanges)} agree")  # noqa: T201
    unnamed = {key: found for key, found in different.items() if key not in NAMED}
    assert unnamed == {}
    assert NAMED.keys() <= different.keys(), "a named difference is none any more"
    assert len(NAMED) <= 0.02 * len(exchanges)
    about_reservations = {each.key for each in exchanges if each.is_about_reservations}
    assert NAMED.keys() & about_reservations == set()


def test_nothing_of_the_recording_is_left_out() -> None:
    assert len(timeline()) == 329


def test_a_stand_in_that_forgets_its_rules_is_found_out() -> None:
    with Sandbox(world()) as sandbox:
        sandbox.remove_booking("bk-seat-1")
        sandbox.change_event_type(1, length=45)
        sandbox.set_limit("cal_owner0123456789", 119)
        _, different = differing(sandbox)
    files = {file for file, _ in different}
    assert {"01-post", "08-422", "09-429", "10-slots", "11-event-types-me"} <= files
