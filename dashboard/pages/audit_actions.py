"""Verify and export the audit log, from the log's page."""

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.accounts.actors import actor_of
from dashboard.audit import evidence, export
from dashboard.audit.forms import LogForm


@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Verify the log, or the next part of a long one; the log's page shows the result."""
    evidence.verify_part(by=actor_of(request), now=timezone.now())
    return HttpResponseRedirect(f"{reverse('audit')}#evidence", status=303)


@require_POST
def export_log(request: HttpRequest) -> HttpResponseBase:
    """Stream every entry of the actions that the filter in the address selects, as a file."""
    form = LogForm(request.GET, viewer=request.user.pk)
    name = request.POST.get("format", "")
    if not form.is_valid() or name not in export.FORMATS:
        page = f"{reverse('audit')}?{request.GET.urlencode()}"
        return HttpResponseRedirect(page, status=303)
    now = timezone.now()
    export.record(name, form.recorded, by=actor_of(request), now=now)
    blocks = export.of_actions(name, form.conditions())
    content_type = export.FORMATS[name].content_type
    response = StreamingHttpResponse((block.text for block in blocks), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="audit-{now:%Y-%m-%d}.{name}"'
    return response
