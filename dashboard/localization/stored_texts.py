"""Translate texts of Holdfast that were stored in English, such as refusals in the log."""

import re
from functools import lru_cache

from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import translation

PLACE = re.compile(r"%\((\w+)\)s")
# A day as ``local_times`` writes it in English.
DAY = re.compile(r"\b([MTWFS][a-z]{2}) (\d\d?) ([JFMASOND][a-z]{2})(?: (\d{4}))?\b")
# Values that are texts of Holdfast too, and what they look like.
TEXTS = {"does": "is .+", "state": ".+"}


def translated(text: str) -> str:
    """Return a stored sentence in the reader's language; as it is where no translation is known."""
    if (same := gettext(text)) != text:
        return same
    for pattern, sentence in sentences_with_values(get_language() or ""):
        if found := pattern.fullmatch(text):
            values = found.groupdict()
            return sentence % {
                name: gettext(value) if name in TEXTS else DAY.sub(translated_day, value)
                for name, value in values.items()
            }
    return text


def translated_day(found: re.Match[str]) -> str:
    """Return an English day in the reader's language, by Django's own names of days and months."""
    weekday, day, month, year = found.groups()
    letters = {"D": gettext(weekday), "j": day, "M": gettext(month.lower()).title(), "Y": year}
    form = gettext("D j M Y") if year else gettext("D j M")
    return re.sub("[DjMY]", lambda letter: letters[letter[0]], form)


@lru_cache
def sentences_with_values(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return a pattern and the translation of each sentence with values, the longest first."""
    # As Django's own JavaScriptCatalog reads them.
    catalogue = translation(language)._catalog  # type: ignore[attr-defined]
    known = [
        (text, sentence)
        for text, sentence in catalogue.items()
        if isinstance(text, str) and text.endswith(".") and PLACE.search(text)
    ]
    known.sort(key=lambda each: len(PLACE.sub("", each[0])), reverse=True)
    return [(pattern_of(text), sentence) for text, sentence in known]


def pattern_of(text: str) -> re.Pattern[str]:
    """Return the pattern of a text with values in its places."""
    pattern, end, named = "", 0, set()
    for place in PLACE.finditer(text):
        name = place[1]
        pattern += re.escape(text[end : place.start()])
        pattern += f"(?P={name})" if name in named else f"(?P<{name}>{TEXTS.get(name, '.+?')})"
        named.add(name)
        end = place.end()
    return re.compile(pattern + re.escape(text[end:]))
