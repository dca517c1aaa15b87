"""Everything the stand-in can refuse, with the words and shapes of cal.com.

Shapes: https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/filters
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_CODES = {
    HTTPStatus.BAD_REQUEST: "BadRequestException",
    HTTPStatus.UNAUTHORIZED: "UnauthorizedException",
    HTTPStatus.FORBIDDEN: "ForbiddenException",
    HTTPStatus.NOT_FOUND: "NotFoundException",
    HTTPStatus.UNPROCESSABLE_ENTITY: "UnprocessableEntityException",
}
_NAMES = {HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Entity"}  # Python 3.13 renamed it

TOO_MANY = "CustomThrottlerGuard - Too many requests. Please try again later."


class Refusal(Exception):  # noqa: N818 -- an answer of cal.com, no mishap of ours
    """An answer that is no success. ``seen``: whether the request had an id by then."""

    def __init__(self, status: int, error: Mapping[str, Any], *, enveloped: bool = True) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error
        self.enveloped = enveloped
        self.seen = True

    def before_request_id(self) -> Refusal:
        """The same, from a step in front of the one that gives ids."""
        self.seen = False
        return self

    def body(self, *, timestamp: str, path: str) -> Mapping[str, Any]:
        """The envelope, or the bare form that library errors have."""
        if not self.enveloped:
            return {"statusCode": self.status, "message": self.error["message"]}
        return {"status": "error", "timestamp": timestamp, "path": path, "error": self.error}


def refused(status: HTTPStatus, message: str) -> Refusal:
    """One of Nest's exceptions, built from a sentence."""
    name = _NAMES.get(status, status.phrase)
    details = {"message": message, "error": name, "statusCode": int(status)}
    return Refusal(status, {"code": _CODES[status], "message": message, "details": details})


def bad_request(message: str) -> Refusal:
    return refused(HTTPStatus.BAD_REQUEST, message)


def unauthorized(message: str) -> Refusal:
    return refused(HTTPStatus.UNAUTHORIZED, message)


def forbidden(message: str) -> Refusal:
    return refused(HTTPStatus.FORBIDDEN, message)


def not_found(message: str) -> Refusal:
    return refused(HTTPStatus.NOT_FOUND, message)


def unprocessable(message: str) -> Refusal:
    return refused(HTTPStatus.UNPROCESSABLE_ENTITY, message)


def invalid(errors: list[dict[str, Any]]) -> Refusal:
    """The validation pipe's answer."""
    error = {
        "code": "BadRequestException",
        "message": "Bad Request Exception",
        "details": {"errors": errors},
    }
    return Refusal(HTTPStatus.BAD_REQUEST, error)


def too_many_requests() -> Refusal:
    error = {"code": "ThrottlerException", "message": TOO_MANY, "details": TOO_MANY}
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, error)


def internal() -> Refusal:
    """What the database filter answers to anything it does not know."""
    error = {
        "code": "INTERNAL_SERVER_ERROR",
        "message": "There was an error, please try again later.",
    }
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, error)


def record_not_found() -> Refusal:
    """What the database filter answers where a row went between its reading and its writing."""
    message = "Invalid Query: The requested record was not found."
    return Refusal(HTTPStatus.NOT_FOUND, {"code": "NOT_FOUND", "message": message})


def bare(status: HTTPStatus, message: str) -> Refusal:
    """An error that no filter of cal.com puts into its envelope."""
    return Refusal(status, {"message": message}, enveloped=False)
