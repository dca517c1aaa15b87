"""Pages that people watch: the board, its poll, and the bar of warnings."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import parse_etags
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.accounts.actors import actor_of
from dashboard.holds import register, settle
from dashboard.holds.register import Register
from dashboard.pages import board as boards
from dashboard.pages import common_answers, warnings
from dashboard.pages.rows import Viewer

MOST_FIND = 200  # characters


@require_http_methods(["GET", "HEAD", "POST"])
def board(request: HttpRequest) -> HttpResponse:
    """Who holds what, for whom, until when.

    What to find is personal data and comes by POST, so that it stands in no address and no log.
    """
    viewer, now = _look(request)
    tab = boards.tab_of(request.GET.get("tab", ""))
    find = request.POST.get("find", "").strip()[:MOST_FIND]
    return common_answers.answer(request, "board", {"board": boards.board(viewer, tab, now, find)})


@require_safe
def board_rows(request: HttpRequest) -> HttpResponse:
    """The poll of the board: asks only our database, and has no body when nothing changed."""
    viewer, now = _look(request)
    tab = boards.tab_of(request.GET.get("tab", ""))
    tag = boards.tag(viewer, tab, now)
    if _is_known(request, tag):
        return _unchanged(tag)
    answer = render(request, "holds/_board.html", {"board": boards.board(viewer, tab, now)})
    answer["ETag"] = tag
    return answer


@require_safe
def warned(request: HttpRequest) -> HttpResponse:
    """The poll of the bar, on pages other than the board."""
    bar = warnings.bar(common_answers.viewer(request))
    if _is_known(request, bar.tag):
        return _unchanged(bar.tag)
    answer = render(request, "holds/_warnings.html", {"bar": bar})
    answer["ETag"] = bar.tag
    return answer


def _is_known(request: HttpRequest, tag: str) -> bool:
    """Whether whoever asks has it already: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2"""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return known == ["*"] or _opaque(tag) in map(_opaque, known)


def _opaque(tag: str) -> str:
    """What is compared: a weak tag is as good as a strong one."""
    return tag.removeprefix("W/")


def _unchanged(tag: str) -> HttpResponse:
    answer = HttpResponse(status=304, headers={"ETag": tag})
    del answer["Content-Type"]
    return answer


def _look(request: HttpRequest) -> tuple[Viewer, Register]:
    """Who looks, and the register, after what time has decided was recorded."""
    now = timezone.now()
    found, at = register.read(now)
    if found.is_due(now, at):
        settle.settle_times(now)
        found, at = register.read(now)
    return Viewer.of(actor_of(request).user, now, at), found
