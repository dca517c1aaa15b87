"""The audit log, for Admins: actions, one entry, pictures; verify it, and export it."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard.accounts.actors import actor_of
from dashboard.audit import checkpoints, export, log_verification, pictures, search, stories
from dashboard.audit.entry_fields import action_values, actor_field, entry_fields, link_fields
from dashboard.audit.forms import LAST_DAYS, LogForm, RangeForm, people
from dashboard.audit.models import AuditEntry
from dashboard.audit.saved_searches import SavedSearch
from dashboard.audit.search import SlowSearchError
from dashboard.audit.timeline import lines_of
from dashboard.localization import local_times


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """List actions, newest first; answer 422 for a filter that is invalid or takes too long."""
    now, viewer = timezone.now(), request.user.pk
    form = LogForm(request.GET, viewer=viewer, now=now)
    page = story = None
    if form.is_valid():
        if len(form.applied) == 1:  # with another filter, not all of a story is here
            story = stories.told_by(form.cleaned_data["find"], form.context)
        place = {name: form.cleaned_data[name] for name in ("before", "after")}
        try:
            page = search.page(form.conditions(), **place, now=now, viewer=viewer)
        except SlowSearchError:
            form.add_error("find", _("This search takes too long. Choose fewer days."))
    verified = log_verification.latest()
    is_fragment = request.headers.get("HX-Request-Type") == "partial"
    template = "audit/_log.html" if is_fragment else "audit/log.html"
    status = 200 if page else 422
    response = render(
        request,
        template,
        {
            "form": form,
            "page": page,
            "is_beyond_end": bool(page and form.cleaned_data["before"] and not page.lines),
            "story": story,
            "first": page.first if page else 0,
            "news": 0,
            "now": now,
            "saved": SavedSearch.objects.filter(owner=viewer),
            "verified": verified,
            "end": log_verification.end(now),
            "earlier_faults": log_verification.earlier_faults(verified) if verified else [],
            # Where a page ends the log, its template asks for what retention removed.
            "last_prune": checkpoints.latest_prune,
        },
        status=status,
    )
    patch_vary_headers(response, ["HX-Request-Type"])
    return response


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """Count the actions that are newer than a page, for those who follow the log."""
    now = timezone.now()
    form = LogForm(request.GET, viewer=request.user.pk, now=now)
    if not form.is_valid():
        raise BadRequest
    first = form.cleaned_data["after"] or 0
    try:
        news = search.count_newer(form.conditions(), first)
    except SlowSearchError as error:
        raise BadRequest from error
    context = {
        "form": form,
        "first": first,
        "news": news,
        "most": search.MAX_NEWS,
        "now": now,
    }
    return render(request, "audit/_news.html", context)


@require_safe
def show_pictures(request: HttpRequest) -> HttpResponse:
    """Show counts of the log in a range of days; answer 422 for an invalid one."""
    form = RangeForm(request.GET, today=local_times.local_date(timezone.now()))
    context: dict[str, object] = {"form": form, "last_days": LAST_DAYS}
    if form.is_valid():
        context |= {
            "range": form.chosen(),
            "last": form.last_days,
            "pictures": pictures.draw(form.chosen(), people()),
        }
    return render(request, "audit/pictures.html", context, status=200 if form.is_valid() else 422)


@require_safe
def show_entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one entry in full, and every entry of its action."""
    row = search.named_entries().filter(pk=pk).first()
    if row is None:
        removed = checkpoints.latest_prune()
        return render(request, "audit/no_entry.html", {"removed": removed}, status=404)
    of_action = search.named_entries().filter(action_id__in=[row.action_id]).order_by("id")
    rows = list(of_action) or [row]  # alone where its action cannot be read
    line = lines_of(rows, now=timezone.now(), viewer=request.user.pk)[0]
    entry, *entries = map(AuditEntry.of_row, [row, *rows])
    context = {
        "entry": entry,
        "facts": [*entry_fields(entry, line.verdict), *link_fields(entry.pk)],
        "rows": [(each, actor_field(each)) for each in entries],
        "line": line,
    }
    return render(request, "audit/entry.html", context | action_values(entries))


@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Verify the log, or the next part of a long one; the page that it was asked on shows it."""
    log_verification.verify_part(by=actor_of(request), now=timezone.now())
    page = reverse("audit", query=request.GET, fragment="evidence")
    return HttpResponseRedirect(page, status=303)


@require_POST
def export_log(request: HttpRequest) -> HttpResponseRedirect | StreamingHttpResponse:
    """Stream every entry of the actions that the filter in the address selects, as a file."""
    form = LogForm(request.GET, viewer=request.user.pk)
    name = request.POST.get("format", "")
    if not form.is_valid() or name not in export.FORMATS:
        return HttpResponseRedirect(reverse("audit", query=request.GET), status=303)
    now = timezone.now()
    export.record(name, form.recorded, by=actor_of(request), now=now)
    blocks = export.of_actions(name, form.conditions())
    content_type = export.FORMATS[name].content_type
    response = StreamingHttpResponse((block.text for block in blocks), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="audit-{now:%Y-%m-%d}.{name}"'
    return response
