"""Lines of the log as rows of its table."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from dashboard.audit.timeline import Line
from dashboard.localization import local_times, marking

register = template.Library()

ROW = SafeString("""
<tr id="action-%(number)s"%(css_class)s>
  <th scope="row">
    <a href="%(url)s"><time datetime="%(iso)s">%(day)s <b>%(clock)s</b></time></a>
  </th>
  <td>%(actor)s %(did)s%(details)s</td>
  <td>%(tag)s</td>
</tr>""")
TROUBLE = SafeString(' class="trouble"')


@register.filter
def as_rows(lines: Iterable[Line]) -> SafeString:
    """Render lines, in a quarter of the time that a template takes for ten values of each."""
    return SafeString("".join(map(row, lines)))  # nosec B703: each is escaped


def row(line: Line) -> SafeString:
    return marking.filled(
        ROW,
        number=line.entry_id,
        css_class=TROUBLE if line.is_trouble else "",
        url=line.url,
        iso=local_times.iso(line.at),
        day=local_times.day_and_year(line.at),
        clock=local_times.clock(line.at),
        actor=line.actor.html_with_link,
        did=line.did_with_links,
        details=line.details_text,
        tag=line.tag,
    )
