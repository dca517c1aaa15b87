"""Filters for moments in templates, and the tables of the search for its script."""

from __future__ import annotations

import json

from django import template

from dashboard.localization import local_times, searching

register = template.Library()

register.filter("iso", local_times.iso)
register.filter("day_and_year", local_times.day_and_year)
register.filter("clock", local_times.clock)
register.filter("day_and_clock", local_times.day_and_clock)
register.filter("in_full", local_times.in_full)


@register.simple_tag
def search_tables() -> str:
    """Return the tables of the search as JSON."""
    return json.dumps(searching.tables(), ensure_ascii=False, separators=(",", ":"))
