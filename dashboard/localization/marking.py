"""Mark names in sentences for HTML."""

import html
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString


def name(text: object) -> SafeString:
    """Isolate a name from the text around it, and keep browsers from translating it."""
    return format_html('<bdi translate="no">{}</bdi>', text)


def filled(sentence: str, **values: Any) -> SafeString:
    """Fill values, of which names are marked, into a sentence for HTML."""
    escaped_values = {key: escaped(value) for key, value in values.items()}
    return SafeString(escaped(sentence) % escaped_values)  # nosec B703: all is escaped


def escaped(text: object) -> str:
    """Escape a text that is not HTML, in a fifth of the time of Django's ``conditional_escape``."""
    return text if isinstance(text, SafeString) else html.escape(str(text))
