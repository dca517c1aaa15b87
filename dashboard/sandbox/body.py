"""Bodies as Express's ``body-parser`` reads them for cal.com: JSON only, at most 100 kB.

https://github.com/expressjs/body-parser
"""

from __future__ import annotations

import json
import math
import re
import zlib
from email.message import Message
from http import HTTPStatus
from typing import Any

from dashboard.sandbox.errors import Refusal, bad_request, bare
from dashboard.sandbox.message import Request

LIMIT = 100 * 1024
_FIRST = re.compile(r"[\x20\x09\x0a\x0d]*([^\x20\x09\x0a\x0d])")
_WINDOW_BITS = {"gzip": 31, "deflate": 15}


def payload(request: Request) -> Any:
    """The parsed body, ``{}`` where there is none or it is not JSON.

    Raises Refusal: 400 for malformed JSON, 413 above the limit, 415 for a strange encoding.
    """
    kind = Message()
    kind["content-type"] = request.headers.get("content-type", "text/plain")
    if not request.body or kind.get_content_type() != "application/json":
        return {}
    charset = str(kind.get_content_charset() or "utf-8")
    if not charset.startswith("utf-"):
        name = charset.upper()
        raise _unread(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f'unsupported charset "{name}"')
    text = _inflated(request).decode(charset, "replace")
    return _parsed(text) if text else {}


def _inflated(request: Request) -> bytes:
    encoding = request.headers.get("content-encoding", "identity").lower()
    body = request.body
    if encoding != "identity":
        if encoding not in _WINDOW_BITS:
            words = f'unsupported content encoding "{encoding}"'
            raise _unread(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, words)
        body = _unpacked(body, _WINDOW_BITS[encoding])
    if len(body) > LIMIT:
        raise _unread(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request entity too large")
    return body


def _unpacked(body: bytes, bits: int) -> bytes:
    try:
        return zlib.decompressobj(bits).decompress(body, LIMIT + 1)
    except zlib.error:
        raise _unread(HTTPStatus.BAD_REQUEST, "incorrect header check") from None


def _unread(status: HTTPStatus, words: str) -> Refusal:
    return bare(status, words).before_request_id()


def _parsed(text: str) -> Any:
    first = _FIRST.match(text)
    if first is None or first[1] not in "{[":  # the parser's strict mode
        raise _malformed(_unexpected(text, first[1] if first else ""))
    try:
        return json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise _malformed(_words(exc)) from exc


def _malformed(words: str) -> Refusal:
    return bad_request(words).before_request_id()


def _unexpected(text: str, first: str) -> str:
    return f"Unexpected token '{first}', \"{text}\" is not valid JSON"


def _words(exc: Exception) -> str:
    """The parser's own words differ between versions of Node; these follow its newest."""
    if not isinstance(exc, json.JSONDecodeError):
        return "Unexpected token in JSON"
    if "property name" not in exc.msg:
        return f"{exc.msg} in JSON at position {exc.pos}"
    opened = exc.doc[: exc.pos].rstrip().endswith("{")
    expected = "property name or '}'" if opened else "double-quoted property name"
    return f"Expected {expected} in JSON at position {exc.pos}"


def _number(digits: str) -> int | float:
    """JavaScript has one kind of number: 1.0 is 1, and large ones lose their last digits."""
    value = float(digits)
    return int(value) if math.isfinite(value) and value.is_integer() else value


def _no_constant(name: str) -> Any:
    raise ValueError(name)
