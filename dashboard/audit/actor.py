"""Who acts, from where, in which request: all that an audit entry needs to know of a request."""

from dataclasses import dataclass

from dashboard.accounts.models import User


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person in one request.

    A view makes it once; nothing below a view sees the request itself.
    Where a verb takes ``by=None``, the system acts.
    """

    user: User
    address: str
    user_agent: str
    request_id: str
