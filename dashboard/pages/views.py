"""Pages and forms of holds: read the form, call one verb, show the answer."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.accounts import roles
from dashboard.accounts.actors import actor_of
from dashboard.accounts.models import User
from dashboard.accounts.saved_forms import recall
from dashboard.holds import checks, rate_and_clock, services, settle, starting
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError, Outcome
from dashboard.pages import acting, client_zones, common_answers, flash, prefilled
from dashboard.pages.forms import (
    ExtendForm,
    LookUpForm,
    MoveForm,
    PlaceForm,
    ReleaseForm,
    TakeForm,
)
from dashboard.pages.numbers import numbers

MOST_AT_ONCE = 100  # checks in one request; the board's soonest ends come first
FOUND_KEY = "found"  # in the session: uids looked up, by a number that pages may carry


@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest) -> HttpResponse:
    """Place a hold."""
    if request.method != "POST":
        typed = recall(request)
        asked = typed if typed is not None else request.GET
        like = prefilled.fields(asked, at=rate_and_clock.cal_now(timezone.now()))
        form = PlaceForm(initial=like | common_answers.initial(asked, PlaceForm))
        return common_answers.place_page(request, form)
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return common_answers.place_page(request, form, status=422)
    data = form.cleaned_data
    try:
        hold = services.place(
            by=actor_of(request),
            event_type_id=data["event_type_id"],
            slot_start=data["slot_start"],
            slot_duration=data["slot_duration"],
            reservation_duration=data["reservation_duration"],
            client=form.client(),
            token=data["token"],
            offer=data["offer"],
            now=timezone.now(),
        )
    except HoldError as error:
        if error.outcome == Outcome.UNKNOWN:
            return common_answers.see(error.hold)
        form.show(error)
        return common_answers.place_page(request, form, status=error.status, error=error)
    client_zones.remember(request, hold.pk, request.POST.get("client_zone", ""))
    if request.POST.get("then") == "offer":
        return acting.offer_more(request, hold)
    return common_answers.see(hold)


@require_safe
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """One hold: what it is, what can be done, what happened."""
    settle.bring_to_rest(pk, timezone.now())
    return common_answers.hold_page(request, pk)


@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask cal.com whether it still has the hold."""
    settle.bring_to_rest(pk, timezone.now())
    try:
        checked = checks.check(
            hold_id=common_answers.existing(pk), by=actor_of(request), now=timezone.now()
        )
    except HoldError as error:
        return _refused(request, pk, error)
    messages.info(request, flash.finding(checked))
    return common_answers.see(checked.hold)


@require_POST
def check_many(request: HttpRequest) -> HttpResponse:
    """Ask cal.com about several holds at once."""
    now = timezone.now()
    settle.settle_times(now)
    wanted = numbers(request.POST.getlist("hold"))
    if request.POST.get("all") == "yes":
        at = rate_and_clock.cal_now(now)
        everybody = Hold.objects.live(at).order_by("held_until")
        if not roles.is_admin(_user(request)):
            everybody = everybody.filter(holder=_user(request))
        wanted = list(everybody.values_list("pk", flat=True))
    known = set(Hold.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    chosen = [pk for pk in wanted if pk in known][:MOST_AT_ONCE]
    results = checks.check_many(hold_ids=chosen, by=actor_of(request), now=now)
    for line in flash.findings(results):
        messages.info(request, line)
    return HttpResponseRedirect(reverse("board"), status=303)


@require_POST
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Hold the same time for longer."""
    settle.bring_to_rest(pk, timezone.now())
    form = ExtendForm(request.POST)
    until = form.until_when(common_answers.viewer(request).at) if form.is_valid() else None
    if form.errors:
        return common_answers.hold_page(request, pk, status=422, extend_form=form)
    try:
        done = services.extend(
            hold_id=common_answers.existing(pk),
            by=actor_of(request),
            reservation_duration=form.cleaned_data["reservation_duration"],
            add=form.cleaned_data["add"],
            until=until,
            retake=form.cleaned_data["retake"],
            version=common_answers.version(request),
            now=timezone.now(),
        )
    except HoldError as error:
        form.show(error)
        return _refused(request, pk, error, extend_form=form)
    messages.success(request, flash.held_until(done))
    return common_answers.see(done)


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose another time, see from and to, and move."""
    settle.bring_to_rest(pk, timezone.now())
    if request.method != "POST":
        return _move_preview(request, pk)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return common_answers.move_page(request, pk, form, status=422)
    try:
        done = services.move(
            hold_id=common_answers.existing(pk),
            by=actor_of(request),
            version=common_answers.version(request),
            now=timezone.now(),
            **form.wish(),
        )
    except HoldError as error:
        if error.outcome == Outcome.UNKNOWN:
            return common_answers.see(error.hold)
        form.show(error)
        return common_answers.move_page(request, pk, form, status=error.status, error=error)
    messages.success(request, flash.moved(done))
    return common_answers.see(done)


@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the time free."""
    settle.bring_to_rest(pk, timezone.now())
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        return common_answers.hold_page(request, pk, status=422, release_form=form)
    try:
        done = services.release(
            hold_id=common_answers.existing(pk),
            by=actor_of(request),
            reason=form.cleaned_data["reason"],
            note=form.cleaned_data["note"],
            version=common_answers.version(request),
            now=timezone.now(),
        )
    except HoldError as error:
        form.show(error)
        return _refused(request, pk, error, release_form=form)
    messages.success(request, flash.released(done))
    return common_answers.see(done)


@require_http_methods(["GET", "HEAD", "POST"])
def look_up(request: HttpRequest) -> HttpResponse:
    """Ask cal.com for a reservation by its uid, and take it into the register."""
    if request.method != "POST":
        return common_answers.look_up_page(request, LookUpForm())
    uid = request.POST.get("uid") or _uid_found(request)
    form = LookUpForm({"uid": uid})
    client = TakeForm(request.POST)
    if not form.is_valid() or not client.is_valid():
        return common_answers.look_up_page(request, form, status=422, client=client)
    uid = form.cleaned_data["uid"]
    known = checks.known_hold(uid)
    if known is not None:
        return common_answers.see(known)
    try:
        if request.POST.get("take") == "yes":
            taken = checks.take_in(
                uid=uid, by=actor_of(request), client=client.client(), now=timezone.now()
            )
            return common_answers.see(taken) if taken else _nothing_there(request)
        found = checks.look_up(uid=uid, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        return common_answers.look_up_page(request, LookUpForm(), status=error.status, error=error)
    if found is None:
        return _nothing_there(request)
    key = _remember_found(request, uid)
    return common_answers.look_up_page(request, LookUpForm(), found=found, key=key)


def _nothing_there(request: HttpRequest) -> HttpResponse:
    return common_answers.look_up_page(
        request, LookUpForm(), status=404, problem=flash.nothing_there()
    )


def _remember_found(request: HttpRequest, uid: str) -> str:
    """A number that a page may carry in the uid's place."""
    found = dict(list(request.session.get(FOUND_KEY, {}).items())[-4:])
    key = hashlib.sha256(f"{request.session.session_key}{uid}".encode()).hexdigest()[:16]
    request.session[FOUND_KEY] = found | {key: uid}
    return key


def _uid_found(request: HttpRequest) -> str:
    return str(request.session.get(FOUND_KEY, {}).get(request.POST.get("find", ""), ""))


def _refused(request: HttpRequest, pk: int, error: HoldError, **forms: Any) -> HttpResponse:
    """An unknown end is told by the hold's own page; a refusal shows the form again."""
    if error.outcome == Outcome.UNKNOWN:
        return common_answers.see(error.hold)
    return common_answers.hold_page(request, pk, status=error.status, error=error, **forms)


def _move_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """From and to, before anything is asked of cal.com."""
    typed = recall(request)
    chosen = typed if typed is not None else request.GET
    if not chosen.get("slot_start"):
        return common_answers.move_page(
            request, pk, MoveForm(initial=common_answers.initial(chosen, MoveForm))
        )
    form = MoveForm(chosen)
    shown = starting.fetch(common_answers.existing(pk))
    if not form.is_valid() or shown.held_until is None or shown.slot_end is None:
        return common_answers.move_page(request, pk, form)
    viewer = common_answers.viewer(request)
    try:
        target = services.move_target(shown, at=viewer.at, **form.wish())
    except HoldError as error:
        form.show(error)
        return common_answers.move_page(request, pk, form)
    return common_answers.move_page(request, pk, form, to=flash.target(shown, target))


def _user(request: HttpRequest) -> User:
    return actor_of(request).user
