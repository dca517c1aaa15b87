"""Names that look alike: of two people, or of a person and the system."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.translation import override

from dashboard.audit import action_labels
from dashboard.audit.trail import SYSTEM

# Latin letters, and what looks like them after case folding; i, l and 1 count as one letter.
LOOKALIKES = {
    "a": "аαᴀ@4",
    "b": "вβʙ8",
    "c": "сᴄ",
    "d": "ԁᴅ",
    "e": "еεᴇ3",
    "g": "ց9",
    "h": "нһʜ",
    "j": "јᴊ",
    "k": "кκᴋ",
    "l": "iіıιӏɪʟ1|!",
    "m": "мᴍ",
    "n": "ոηɴ",
    "o": "оοօᴏ0",
    "p": "рρᴘ",
    "q": "ԛ",
    "s": "ѕꜱ5$",
    "t": "тτᴛ7",
    "u": "սυᴜ",
    "v": "νѵᴠ",
    "w": "ԝωᴡ",
    "x": "хχ",
    "y": "уүγʏ",
    "z": "ᴢ2",
}
TABLE = str.maketrans({odd: plain for plain, odds in LOOKALIKES.items() for odd in odds})
PROGRAMS = "Holdfast", "cal.com"  # as pages and log call them
INVISIBLE_LETTERS = "\u115f\u1160"  # fillers of Hangul


@lru_cache(maxsize=2000)
def skeleton(name: str) -> str:
    """Return the letters of a name such that names that look alike are equal.

    The word is that of Unicode, whose own tables tell more and less than is wanted here.
    https://www.unicode.org/reports/tr39/#Confusable_Detection
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = unicodedata.normalize("NFKD", plain).translate(TABLE)
    letters = "".join(char for char in plain if char.isalnum() and char not in INVISIBLE_LETTERS)
    return letters.replace("rn", "m").replace("vv", "w")


@lru_cache(maxsize=2000)
def reads_like_system(name: str) -> bool:
    """Return True for a name like a label of the log that names no person, in any language."""
    letters = skeleton(name)
    for code, _name in settings.LANGUAGES:
        with override(code):
            labels = action_labels.SYSTEM_LABEL, action_labels.UNKNOWN_LABEL, action_labels.UNPROVEN
            texts = [str(label) % {"sign": "", "name": ""} for label in labels]
            if letters == skeleton(str(action_labels.YOU)):
                return True
        if any(skeleton(text) in letters for text in texts):
            return True
    return letters in map(skeleton, (SYSTEM, *PROGRAMS))


def ambiguous(rows: Sequence[Any]) -> set[int]:
    """Return the ids of rows whose actor may be taken for another person or the system by name.

    ``rows`` are those of ``with_names``, whose names are compared with each other and all people's.
    """
    renamed = [row for row in rows if row.username not in (None, row.actor_name)]
    if not renamed:
        return set()
    owners: defaultdict[str, set[int | None]] = defaultdict(set)  # by skeleton of the name
    for row in rows:
        owners[skeleton(str(row.actor_name))].add(row.actor_id)
    people = get_user_model()._default_manager
    for pk, username, *names in people.values_list("pk", "username", "first_name", "last_name"):
        for name in (username, " ".join(names)):
            owners[skeleton(name)].add(pk)
    # Another program can store bytes in SQLite.
    named = [(row, str(row.actor_name)) for row in renamed]
    return {
        row.id
        for row, name in named
        if owners[skeleton(name)] != {row.actor_id} or reads_like_system(name)
    }
