"""Link a client's contact to what reaches it: a telephone or an e-mail program."""

import re
from urllib.parse import quote

from dashboard.localization.folding import fold
from dashboard.pages.fields import INVISIBLE

DASH = re.compile("[\u2010-\u2015\u2212]")
NUMBER = re.compile(r"\+?\(?[0-9](?:[ ()/.-]*[0-9]){4,19}")
TRUNK_ZERO = "(0)"  # not dialled after the code of a country
# Nothing that an address of this kind gives a meaning to, such as another person to write to.
ADDRESS = re.compile(r"[^\s@<>\"(),:;?&%]+@[^\s@<>\"(),:;?&%]+\.[^\s@<>\"(),:;?&%]+")


def link_of(contact: str) -> str:
    """Return the address that calls or writes to a contact, "" for any other text.

    The whole text must be one number or one e-mail address: people also type both, and words.
    """
    text = INVISIBLE.sub("", contact).strip()
    number = DASH.sub("-", fold(text))
    if NUMBER.fullmatch(number):
        dialled = number.replace(TRUNK_ZERO, "") if number.startswith("+") else number
        return "tel:" + re.sub(r"[^0-9+]", "", dialled)
    return "mailto:" + quote(text, safe="@") if ADDRESS.fullmatch(text) else ""
