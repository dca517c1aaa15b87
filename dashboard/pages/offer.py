"""Several times held for one client: the page of the offer, adding a time, keeping one."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST, require_safe

from dashboard.accounts.actors import actor_of
from dashboard.holds import offer_decision, offers
from dashboard.holds.models import Hold
from dashboard.holds.offer_decision import Decision
from dashboard.holds.problems import HoldError
from dashboard.localization import local_times
from dashboard.pages import flash, for_client, parameters, responses
from dashboard.pages.contact_links import link_of
from dashboard.pages.hold import answer_with_hold, refused
from dashboard.pages.release import results
from dashboard.pages.rows import HoldRow
from dashboard.pages.viewers import read_register


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return responses.render_page(request, "offer", offer_context(request, pk))


@require_safe
def poll(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the poll of an offer's page without asking cal.com."""
    context = offer_context(request, pk)
    return responses.render_unless_known(request, "holds/_offer_live.html", context)


@require_POST
def keep(request: HttpRequest, pk: int) -> HttpResponse:
    hold_id = parameters.posted_hold(request)
    try:
        decision = offer_decision.keep_one(
            offer_id=possible_offer(pk),
            hold_id=hold_id,
            by=actor_of(request),
            versions=parameters.versions(request),
            now=timezone.now(),
        )
    except Hold.DoesNotExist as error:
        raise Http404 from error
    except HoldError as error:
        return responses.render_page(request, "offer", offer_context(request, pk), error=error)
    if not decision.is_whole:  # what was not done shows on the page
        context = offer_context(request, pk) | {"results": results(request, decision.results)}
        return responses.render_page(request, "offer", context)
    messages.success(request, decided(decision))
    return answer_with_hold(request, decision.kept)


@responses.missing_is_404(Hold)
def add_time(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer with the form of one more time for the client of this hold."""
    try:
        offer = offer_decision.start_offer(hold_id=pk, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        return refused(request, pk, error)
    query = {"offer": str(offer.pk)}
    if zone := for_client.zone_of(request, pk):
        query["client_zone"] = str(zone)
    return HttpResponseRedirect(reverse("place", query=query), status=303)


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Make a hold the first of an offer, and lead to the choice of the next time."""
    return add_time(request, parameters.posted_hold(request))


def possible_offer(pk: int) -> int:
    """Return the primary key. Raise Http404 for a number larger than a database column."""
    if parameters.number(pk) is None:
        raise Http404
    return pk


def offer_context(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return the offer as it is now, and the ETag of what is shown of it.

    Raise Http404 for one without holds.
    """
    viewer = read_register(request)
    holds = list(offers.holds_of(possible_offer(pk)))
    client_hold = offers.client_hold(holds)
    if client_hold is None:
        raise Http404
    rows = [HoldRow(hold, viewer) for hold in holds]
    open_count = sum(not hold.has_ended for hold in holds)
    may_add = offers.may_add_to(pk, viewer.user) and open_count < offers.MOST_TIMES
    query = "&".join(f"hold={row.pk}" for row in rows if row.can_change)
    ends = [hold.held_until for hold in holds if hold.is_assured(viewer.cal_now)]
    offer = {
        "pk": pk,
        "client": client_hold.client_name,
        "contact": client_hold.client_contact,
        "contact_link": link_of(client_hold.client_contact),
        "for_client": for_client.sentence_of_several(holds, now=viewer.cal_now),
        "for_client_until": local_times.iso(min(filter(None, ends))) if ends else "",
        "add_url": reverse("place", query={"offer": pk}) if may_add else "",
        "release_all_url": f"{reverse('release-many')}?{query}" if query else "",
    }
    return {"offer": offer, "rows": rows, "etag": responses.etag_of(viewer.user.pk, offer, rows)}


def decided(decision: Decision) -> str:
    """Return which hold was kept; some of the others may have been gone before."""
    count = len(decision.results)
    rest = ngettext(
        "%(count)s other is no longer held.", "%(count)s others are no longer held.", count
    )
    return _("Kept: %(held)s %(rest)s") % {
        "held": flash.held_until(decision.kept),
        "rest": rest % {"count": count},
    }
