"""Requests match cal.com's OpenAPI document, which CALCOM_OPENAPI names.

Collected only then, as the document does not belong to this repository.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard.calcom import endpoints
from dashboard.calcom.endpoints import Call
from tests.calcom.calls import START, VERBS

DOCUMENT: dict[str, Any] = json.loads(Path(os.environ["CALCOM_OPENAPI"]).read_text("utf-8"))
FULL: dict[str, Any] = {"slot_duration": 45, "reservation_duration": 15}
CALLS: dict[str, Call[Any]] = {
    "reserve": endpoints.reserve(event_type_id=1, slot_start=START, **FULL),
    "get": endpoints.get(uid="u"),
    "update": endpoints.update(uid="u", event_type_id=1, slot_start=START, **FULL),
    "delete": endpoints.delete(uid="u"),
    "event_types": endpoints.event_types(),
    "slots": endpoints.slots(**VERBS["slots"], duration=30, time_zone="Asia/Kolkata"),
}


@pytest.mark.parametrize("verb", CALLS)
def test_request_matches_the_document(verb: str) -> None:
    call = CALLS[verb]
    operation = DOCUMENT["paths"][call.path][call.method.lower()]
    parameters = {one["name"]: one for one in operation.get("parameters", [])}

    assert call.cal_api_version == parameters["cal-api-version"]["schema"]["default"]
    assert set(parse_qs(urlsplit(call.target).query)) <= set(parameters)
    if call.body:
        schema = schema_of(operation["requestBody"]["content"]["application/json"]["schema"])
        assert set(json.loads(call.body)) == set(schema["properties"])
        assert set(schema["required"]) == {"eventTypeId", "slotStart"}


def schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][name]
    return found
