"""Errors in the two shapes that cal.com gives them.

https://github.com/calcom/cal.diy/tree/main/apps/api/v2/src/filters
"""

from typing import Any

NAMES = {
    400: ("BadRequestException", "Bad Request"),
    401: ("UnauthorizedException", "Unauthorized"),
    403: ("ForbiddenException", "Forbidden"),
    404: ("NotFoundException", "Not Found"),
    422: ("UnprocessableEntityException", "Unprocessable Entity"),
}
TOO_MANY = "CustomThrottlerGuard - Too many requests. Please try again later."


class ApiError(Exception):
    """An error answer, in cal.com's envelope or in the bare form of an error of a library."""

    def __init__(self, status: int, error: dict[str, Any], *, is_enveloped: bool = True) -> None:
        super().__init__(error["message"])
        self.status = status
        self.error = error
        self.is_enveloped = is_enveloped

    def body(self, *, timestamp: str, path: str) -> dict[str, Any]:
        if not self.is_enveloped:
            return {"statusCode": self.status} | self.error
        return {"status": "error", "timestamp": timestamp, "path": path, "error": self.error}


def nest_error(status: int, message: str) -> ApiError:
    code, reason = NAMES[status]
    details = {"message": message, "error": reason, "statusCode": status}
    return ApiError(status, {"code": code, "message": message, "details": details})


def validation_error(errors: list[dict[str, Any]]) -> ApiError:
    code, message = "BadRequestException", "Bad Request Exception"
    return ApiError(400, {"code": code, "message": message, "details": {"errors": errors}})


def too_many_requests() -> ApiError:
    return ApiError(429, {"code": "ThrottlerException", "message": TOO_MANY, "details": TOO_MANY})


def database_error() -> ApiError:
    """Return the error for a value that the database does not take."""
    message = "There was an error, please try again later."
    return ApiError(500, {"code": "INTERNAL_SERVER_ERROR", "message": message})


def check_integer(number: int) -> None:
    """Raise the database's error for a number that is no 32-bit integer."""
    if not -(2**31) <= number < 2**31:
        raise database_error()


def bare_error(status: int, message: str) -> ApiError:
    """Return an error that no filter of cal.com puts into the envelope."""
    return ApiError(status, {"message": message}, is_enveloped=False)


def bare_server_error() -> ApiError:
    return bare_error(500, "Internal server error")
