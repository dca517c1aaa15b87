"""Show the live holds on a screen on the wall: large, without actions, soonest end first."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard.accounts.models import User
from dashboard.localization import local_times
from dashboard.pages import responses
from dashboard.pages.board import BoardQuery, board_etag
from dashboard.pages.rows import HoldRow
from dashboard.pages.viewers import Viewer, read_register

MOST_SHOWN = 10  # rows that fit on a screen
SESSION_SECONDS = 30 * 24 * 3600  # after the last poll


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    keep_session(request)
    viewer = read_register(request)
    context = wallboard_context(viewer) | {"etag": wallboard_etag(viewer)}
    return render(request, "holds/wallboard.html", context)


@require_safe
def poll(request: HttpRequest) -> HttpResponse:
    """Answer the wallboard's poll without asking cal.com; without a body if nothing changed."""
    keep_session(request)
    viewer = read_register(request)
    return responses.render_unless_known(
        request,
        "holds/_wallboard.html",
        {"etag": wallboard_etag(viewer)},
        lambda: wallboard_context(viewer),
        cal_now=viewer.cal_now,
    )


def keep_session(request: HttpRequest) -> None:
    """Renew the session of a screen once a day, so that it need not sign in again.

    Sessions of other roles keep their length.
    """
    today = str(local_times.local_date())
    is_screen = isinstance(request.user, User) and request.user.is_wallboard
    if is_screen and request.session.get("renewed") != today:
        request.session["renewed"] = today
        request.session.set_expiry(SESSION_SECONDS)


def wallboard_etag(viewer: Viewer) -> str:
    board = board_etag(BoardQuery(), viewer)
    return responses.etag_of("wallboard", board, settings.WALLBOARD_CLIENT_NAMES)


def wallboard_context(viewer: Viewer) -> dict[str, Any]:
    live = [hold for hold in viewer.register.holds if hold.is_live(viewer.cal_now)]
    shown = live[:MOST_SHOWN]
    return {
        "rows": [HoldRow(hold, viewer) for hold in shown],
        "has_calendars": bool(viewer.calendars.listed),
        "shows_clients": settings.WALLBOARD_CLIENT_NAMES,
        "count": len(live),
        "more": len(live) - len(shown),
    }
