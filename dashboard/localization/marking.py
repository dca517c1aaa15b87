"""Mark names in sentences for HTML."""

import html
import re
from typing import Any

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # marks that turn, or end to turn, a text


def name(text: object) -> SafeString:
    """Isolate a name from the text around it, and keep browsers from translating it."""
    return format_html('<bdi translate="no">{}</bdi>', text)


def isolated(text: str) -> str:
    """Isolate a name where no tag is possible, as in a title: U+202E in it turns what follows.

    Its own marks of this kind are left out, because one of them ends the isolation.
    """
    return f"\u2068{TURNING.sub('', text)}\u2069"


def in_english(text: str) -> str:
    """Mark a text in English for a page in another language."""
    is_foreign = get_language() != settings.LANGUAGE_CODE
    return format_html('<span lang="en">{}</span>', text) if is_foreign else text


def filled(sentence: str, **values: Any) -> SafeString:
    """Fill values, of which names are marked, into a sentence for HTML."""
    escaped_values = {key: escaped(value) for key, value in values.items()}
    return SafeString(escaped(sentence) % escaped_values)  # nosec B703: all is escaped


def escaped(text: object) -> str:
    """Escape a text that is not HTML, in a fifth of the time of Django's ``conditional_escape``."""
    return text if isinstance(text, SafeString) else html.escape(str(text))
