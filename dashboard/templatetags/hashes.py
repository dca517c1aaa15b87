"""Hashes in templates."""

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()

GROUP = 8  # digits


@register.filter
def in_groups(digits: str) -> SafeString:
    """Render a hash in groups that people can read out; copied, it is in one piece."""
    places = range(0, len(digits), GROUP)
    return format_html_join("", "<span>{}</span>", ((digits[at : at + GROUP],) for at in places))
