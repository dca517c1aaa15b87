"""Filters for moments and names in templates."""

from django import template

from dashboard.localization import local_times, marking

register = template.Library()

register.filter("iso", local_times.iso)
register.filter("day_and_year", local_times.day_and_year)
register.filter("clock", local_times.clock)
register.filter("day_and_clock", local_times.day_and_clock)
register.filter("in_full", local_times.in_full)
register.filter("isolated", marking.isolated)
