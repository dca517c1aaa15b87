"""Mark names in sentences for HTML."""

from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString


def name(text: object) -> SafeString:
    """Isolate a name from the text around it, and keep browsers from translating it."""
    return format_html('<bdi translate="no">{}</bdi>', text)


def filled(sentence: str, **values: Any) -> SafeString:
    """Fill values, of which names are marked, into a sentence for HTML."""
    escaped = {key: conditional_escape(value) for key, value in values.items()}
    return SafeString(conditional_escape(sentence) % escaped)  # nosec B703: all is escaped
