"""Attributes and options of form fields.

Django renders two templates for each option and five nodes for each attribute, which takes most of
the time of a page with hundreds.
"""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.safestring import SafeString

from dashboard.localization import marking

register = template.Library()

GROUP = SafeString('<optgroup label="%(label)s">%(options)s</optgroup>')


@register.filter
def as_options(groups: Iterable[tuple[str | None, list[dict[str, Any]], int]]) -> SafeString:
    """Render the groups of a select."""
    return SafeString("".join(map(optgroup, groups)))  # nosec B703: each is escaped


def optgroup(group: tuple[str | None, list[dict[str, Any]], int]) -> SafeString:
    """Render one group; an option outside of any is in one without a name."""
    label, choices, _place = group
    options = SafeString("".join(map(option, choices)))  # nosec B703: each is escaped
    return marking.filled(GROUP, label=label, options=options) if label else options


def option(choice: dict[str, Any]) -> SafeString:
    value, label = marking.escaped(choice["value"]), marking.escaped(choice["label"])
    attributes = as_attributes(choice["attrs"])
    return SafeString(f'<option value="{value}"{attributes}>{label}</option>')  # nosec B703: escaped


@register.filter
def as_attributes(attributes: dict[str, Any]) -> SafeString:
    """Render the attributes of a widget, as Django's ``attrs.html`` does."""
    shown = [
        f" {marking.escaped(name)}" + ("" if value is True else f'="{marking.escaped(value)}"')
        for name, value in attributes.items()
        if value is not False
    ]
    return SafeString("".join(shown))  # nosec B703: each is escaped
