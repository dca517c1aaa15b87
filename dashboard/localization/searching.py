"""Find a person by parts of a name, a phone number or a note, however they are spelled.

``static/js/find.js`` does the same in the browser, with the tables of ``search_tables.json``.
"""

import re
import unicodedata
from collections.abc import Callable

from dashboard.localization.folding import TABLES, fold, replace_letters

# German and Scandinavian letters as they are written without them. They fold to ``a``, ``o`` and
# ``u`` as well.
SPELLINGS: dict[str, str] = TABLES["spellings"]
SPELLED = re.compile(f"[{''.join(SPELLINGS)}]")
GAP = re.compile(r"[\s\u2010-\u2015\u2212-]+")
NUMBER = re.compile(r"\+?\(?[0-9][0-9 ()./-]*[0-9]")
NUMBER_TERM = re.compile(r"[0-9+()./]+")
NO_DIGIT = re.compile(r"[^0-9]")
SHORTEST: int = TABLES["shortest"]  # digits compared without their country code
# Digits: a number this long may have its country code, without a plus.
INTERNATIONAL: int = TABLES["international"]
# Country codes have one, two or three digits. https://www.itu.int/pub/T-SP-E.164D
COUNTRY_CODE: str = TABLES["countryCode"]
KEEPS_ZERO: str = TABLES["keepsZero"]  # in Italy the zero is part of the number
# What is dialled before a number inside its country, where it is not 0.
TRUNKS: dict[str, str] = TABLES["trunks"]


def search_text(*texts: str) -> str:
    """Return the form of texts in which ``finder`` looks for terms."""
    folded = "\n".join(map(fold, texts))
    spelled = "\n".join(fold(_spelled(text)) for text in texts)
    numbers = [form for run in NUMBER.findall(folded) for form in _forms_of_number(run)]
    return "\n".join([*dict.fromkeys([folded, spelled]), *numbers])


def finder(find: str) -> Callable[[str], bool]:
    """Return a function that tells if a ``search_text`` has all words and numbers of ``find``."""
    found = readings(find)

    def matches(searched: str) -> bool:
        return any(
            all(any(form in searched for form in forms) for forms in terms) for terms in found
        )

    return matches


def says_something(text: str) -> bool:
    """Return whether a text has a letter or a digit: people type a dash where they know nothing."""
    return any(map(str.isalnum, fold(text)))


def readings(find: str) -> list[list[set[str]]]:
    """Return what is typed as terms with their forms, in each way that it can be read.

    A number may be typed in groups, and two numbers may be meant as two words.
    """
    in_one = NUMBER.sub(lambda run: GAP.sub("", run[0]), fold(find))
    as_typed, as_number = map(terms_of, (find, in_one))
    return [as_typed] if as_number == as_typed else [as_typed, as_number]


def terms_of(text: str) -> list[set[str]]:
    """Return the forms of each word, once: a database looks for each word in every text."""
    found = [forms for word in GAP.split(text) if (forms := forms_of_term(word))]
    return [forms for place, forms in enumerate(found) if forms not in found[:place]]


def forms_of_term(word: str) -> set[str]:
    """Return the forms of a word or number, any of which a ``search_text`` may contain."""
    folded = fold(word)
    forms = {folded, fold(_spelled(word))} - {""}
    if NUMBER_TERM.fullmatch(folded) and (digits := NO_DIGIT.sub("", folded)):
        forms.add(digits)
        code, national = _split(folded, digits)
        if code:
            forms.add(code + national)
        if len(national) >= SHORTEST:
            forms.add(f"#{national}")
    return forms


def _forms_of_number(number: str) -> list[str]:
    """Return a number with and without country code; "#" marks one whose country is not known."""
    digits = NO_DIGIT.sub("", number)
    code, national = _split(number, digits)
    if number.startswith("+") or digits.startswith("00"):
        return [code + national, TRUNKS.get(code, "0") + national]
    forms = [digits, f"#{digits.lstrip('0')}"]
    return [*forms, f"0{national}"] if code else forms


def _split(number: str, digits: str) -> tuple[str, str]:
    """Return country code and national number without trunk zero; no code in a local number."""
    is_short = digits.startswith("0") or len(digits) < INTERNATIONAL
    if digits.startswith("00"):
        digits = digits[2:]
    elif is_short and not number.startswith("+"):
        return "", digits.removeprefix("0")
    match = re.match(COUNTRY_CODE, digits)
    code = match[0] if match else ""
    national = digits.removeprefix(code)
    return code, national if code == KEEPS_ZERO else national.removeprefix("0")


def _spelled(text: str) -> str:
    """Return a text with its German and Scandinavian letters as they are written without them."""
    if text.isascii():
        return text
    return replace_letters(unicodedata.normalize("NFC", text).lower(), SPELLED, SPELLINGS)
