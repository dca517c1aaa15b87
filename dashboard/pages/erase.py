"""Erase a client's personal data, after a page that says what will be gone."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods

from dashboard.accounts.actors import actor_of
from dashboard.audit.clients import has_contact
from dashboard.holds import erasure
from dashboard.holds.mentions import mentions
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.pages import responses
from dashboard.pages.hold import answer_with_hold, refused
from dashboard.pages.rows import HoldRow, get_hold
from dashboard.pages.viewers import viewer_of

MOST_SHOWN = 20  # of other holds that mention the client


@require_http_methods(["GET", "HEAD", "POST"])
@responses.missing_is_404(Hold)
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        hold = get_hold(pk)
        searches = erasure.searches(hold)
        found = mentions(hold)
        viewer = viewer_of(request)
        context = {
            "row": HoldRow(hold, viewer),
            "has_contact": has_contact(hold),
            "former": erasure.former_names(hold),
            "ended": erasure.erasable(hold).count(),
            "passed_on": erasure.passed_on(hold).count(),
            "mentions": [HoldRow(each, viewer) for each in found[:MOST_SHOWN]],
            "more_mentions": max(0, len(found) - MOST_SHOWN),
            "open": erasure.unerasable(hold).count(),
            "searches": len(searches),
            "own_searches": [each for each in searches if each.owner_id == request.user.pk],
        }
        return responses.render_page(request, "erase", context)
    try:
        erased = erasure.erase(hold_id=pk, by=actor_of(request), now=timezone.now())
    except HoldError as error:
        return refused(request, pk, error)
    if erased:
        text = ngettext("Erased from %(n)s hold.", "Erased from %(n)s holds.", len(erased))
        messages.success(request, text % {"n": len(erased)})
    else:
        messages.info(request, _("There was nothing left to erase."))
    return answer_with_hold(request, get_hold(pk))
