"""The sandbox answers as the real server did in the recorded conversations."""

import json
from urllib.parse import urlsplit

import pytest

from dashboard.sandbox import Sandbox
from tests.sandbox.api import client
from tests.sandbox.recorded import Exchange, timeline
from tests.sandbox.replay import Replay, world

OTHER_ROUTES = {"/v2/me", "/v2/bookings"}
SELECTORS = {"username", "usernames", "eventTypeSlug"}


def not_imitated(exchange: Exchange) -> str | None:
    """Return why a conversation does not apply: Holdfast sends no such request."""
    request, url = exchange.request, urlsplit(exchange.request["path"])
    names = {pair.partition("=")[0] for pair in url.query.split("&")} - {""}
    if url.path in OTHER_ROUTES and exchange.response["status"] != 404:
        return f"route {url.path}"
    if "If-None-Match" in request["headers"]:
        return "conditional request"
    if request["method"] == "OPTIONS":
        return "preflight of a browser"
    if url.path == "/v2/event-types" and names - {"username"}:
        return "query of the list of event types"
    if url.path == "/v2/slots" and (names & SELECTORS or "eventTypeId" not in names):
        return "slots of an event type that is not named by its id"
    return None


EXPECTED = {
    "route /v2/me": 7,
    "route /v2/bookings": 4,
    "conditional request": 1,
    "preflight of a browser": 1,
    "query of the list of event types": 5,
    "slots of an event type that is not named by its id": 4,
}


def replayed(sandbox: Sandbox) -> tuple[dict[tuple[str, int], list[str]], list[tuple[int, str]]]:
    """Return the differences of each imitated conversation, and the answers to the others."""
    replay = Replay(sandbox)
    differences, others = {}, []
    try:
        for exchange in timeline():
            if not_imitated(exchange) is None:
                differences[exchange.key] = replay.differences(exchange)
            else:
                others.append(replay.answer_to(exchange))
    finally:
        replay.close()
    return differences, others


def test_every_conversation_has_the_same_answer_or_is_refused_in_cal_coms_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Sandbox(world()) as sandbox:
        differences, others = replayed(sandbox)
    different = {key: found for key, found in differences.items() if found}
    with capsys.disabled():
        agree = len(differences) - len(different)
        print(f"\n{agree} of {len(differences)} agree, {len(others)} are not imitated")  # noqa: T201
    assert different == {}
    refused = [json.loads(body)["error"]["message"] for status, body in others if status >= 400]
    assert len(refused) == len(others) - EXPECTED["conditional request"]
    assert all(words.startswith("Cannot ") or " property is wrong," in words for words in refused)


def test_every_recorded_conversation_is_imitated_or_named() -> None:
    reasons = [not_imitated(exchange) for exchange in timeline()]
    assert len(reasons) == 329
    assert {reason: reasons.count(reason) for reason in reasons if reason} == EXPECTED


def test_sandbox_with_other_rules_differs() -> None:
    with Sandbox(world()) as sandbox:
        sandbox.remove_booking("bk-seat-1")
        sandbox.change_event_type(1, length=45)
        sandbox.set_limit("cal_owner0123456789", 119)
        differences, _ = replayed(sandbox)
    files = {file for (file, _), found in differences.items() if found}
    assert {"01-post", "08-422", "09-429", "10-slots", "11-event-types-me"} <= files


def test_only_round_robin_tells_priorities_of_hosts() -> None:
    with Sandbox(world()) as sandbox, client(sandbox) as caller:
        version = {"cal-api-version": "2024-06-14"}
        hosts = {
            number: caller.get(f"/v2/event-types/{number}", headers=version).json()["data"]["hosts"]
            for number in (20, 22)
        }
    names = ["userId", "name", "username", "avatarUrl"]
    assert [list(host) for host in hosts[20]] == [["mandatory", "priority", *names]] * 2
    assert [list(host) for host in hosts[22]] == [names] * 2
