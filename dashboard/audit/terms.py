"""Terms of a search in the log: ``actor:ada action:release -outcome:ok day:7d "not free"``.

Each term narrows the search; a minus before it excludes what it finds. Words without a name are
looked for in the texts of entries and in what holds say about their clients.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from dashboard.audit import action_labels, clients, named_people, search, term_values
from dashboard.audit.action_sql import ENDED
from dashboard.audit.models import EntryText, HoldText, of_same_action
from dashboard.audit.named_people import Context
from dashboard.audit.search import Condition, Word
from dashboard.audit.term_values import TermError, number, one_of
from dashboard.audit.text_index import SHORTEST, is_word
from dashboard.audit.trail import Action, Outcome
from dashboard.localization.folding import fold
from dashboard.localization.searching import GAP, NUMBER_TERM, forms_of_term, readings

TERM = re.compile(
    r"""(?P<minus>-)?(?:(?P<name>[A-Za-z]+):(?P<value>"[^"]*"|[^\s"]*)|(?P<word>"[^"]*"|[^\s"]+))"""
)
WITHOUT_QUOTES = re.compile(r"(?!-|[A-Za-z]+:)\S+")
WITHOUT_OUTCOME = "none"
QUOTES = dict.fromkeys(map(ord, "“”„«»"), '"')  # of phones and word processors


class Term(NamedTuple):
    """One part of a search; words to look for have no name."""

    minus: bool
    name: str
    value: str

    def __str__(self) -> str:
        """Write the term such that ``terms`` reads it again."""
        quoted = self.value if WITHOUT_QUOTES.fullmatch(self.value) else f'"{self.value}"'
        name = f"{self.name}:" if self.name else ""
        return f"{'-' if self.minus else ''}{name}{quoted}"

    @property
    def is_sought(self) -> bool:
        """True for words, and no others, that texts must have."""
        return not self.minus and not self.name

    @property
    def is_number(self) -> bool:
        return self.is_sought and NUMBER_TERM.fullmatch(self.value) is not None


def conditions(text: str, context: Context) -> list[Condition]:
    """Return conditions on ``LoggedAction``; raise TermError.

    A term that is given more than once finds what any of its values finds.
    """
    found: list[Condition] = []
    by_name = defaultdict[str, list[Condition]](list)
    groups = in_groups(terms(text))
    # A word needs three characters, unless another one can be looked for.
    sought = ["".join(term.value for term in group) for group in groups if group[0].is_sought]
    shortest = 1 if any(is_word(fold(word)) for word in sought) else SHORTEST
    for group in groups:
        minus, name, value = group[0]
        if name:
            condition = READERS[name](value, context)
        else:
            condition = words([term.value for term in group], context, shortest)
        if name and not minus:
            by_name[name].append(condition)
        else:
            found.append(~search.check(condition) if minus else condition)
    for same in by_name.values():
        found.append(same[0] if len(same) == 1 else Q(*map(search.check, same), _connector=Q.OR))
    return found


def terms(text: str) -> Iterator[Term]:
    """Yield each term of a search; raise TermError."""
    text = text.translate(QUOTES)
    if text.count('"') % 2:
        raise TermError(_("A quotation mark is missing: words in quotes end with one too."))
    for match in TERM.finditer(text):
        name = (match["name"] or "").lower()
        value = (match["value"] or match["word"] or "").strip('"').strip()
        if name and name not in READERS:
            known = ", ".join(f"{each}:" for each in READERS)
            raise TermError(
                _("There is no term “%(name)s:”. Put it in quotes as text. The terms are %(known)s")
                % {"name": name, "known": known}
            )
        if not value:
            raise TermError(_("A term needs a value, such as actor:ada or action:release."))
        yield Term(bool(match["minus"]), name, value)


def in_groups(read: Iterable[Term]) -> list[list[Term]]:
    """Return each term by itself, but numbers in a row together: they may be one number."""
    groups: list[list[Term]] = []
    for is_number, row in groupby(read, key=lambda term: term.is_number):
        if is_number:
            groups.append(list(row))
        else:
            groups += ([term] for term in row)
    return groups


def without_words(text: str) -> str:
    """Return the terms of a valid text with "…" for its words, which may name a client."""
    return " ".join(str(term if term.name else term._replace(value="…")) for term in terms(text))


def words(values: Sequence[str], context: Context, shortest: int) -> Word:
    """Match one word, or a number that was typed in groups, which may be numbers of their own.

    Raises TermError for a word with less than the ``shortest`` number of characters.
    """
    word = "".join(values)
    if not (len(fold(word)) >= shortest or is_word(fold(word))) or not any(readings(word)):
        raise TermError(
            _("“%(word)s” is too short: a word needs three characters.") % {"word": word}
        )
    one = free_text(word, context)
    longest, *others = sorted(values, key=len, reverse=True)
    if not others or len(longest) < SHORTEST:
        return one
    apart = free_text(longest, context)
    rest = Q(*(free_text(each, context).check for each in others))
    return Word(
        [*one.ways, *(way & rest for way in apart.ways)],
        one.check | apart.check & rest,
        [*one.texts, *apart.texts],
    )


def free_text(value: str, context: Context) -> Word:
    """Match actions whose entries, client or people contain the words, however spelled.

    What is shorter than SHORTEST is only looked for in what other words have found, except for
    two signs, for which all texts are read.
    """
    said, forms = fold(value), forms_of_words(value)
    called = context.people_with(value)
    others = [
        *context.about(called, value),
        Q(address=value),
        Q(request_id=value),
        search.with_entry(upstream_request_id=value),
        *named_people.did(called),
    ]
    lookup = "like" if len(said) >= SHORTEST else "unindexed_like"  # reads all texts
    entries = rows_of(EntryText, lookup, [said])
    # FTS5 has no index for alternatives.
    holds = [rows_of(HoldText, lookup, [form]) for form in sorted(forms)]
    # The index has the code of a reason, which is a part of other words too.
    codes = action_labels.reasons_called(value)
    reasons = [
        Q(pk__in=rows_of(EntryText, "like", [code])) & Q(Exists(of_same_action(reason=code)))
        for code in codes
    ]
    ways = [Q(pk__in=entries), *(Q(hold__in=each) for each in holds), *reasons, *others]
    check = Q(
        Exists(of_row("pk", rows_of(EntryText, "unindexed_like", [said]))),
        Exists(of_row("hold", rows_of(HoldText, "unindexed_like", forms))),
        Exists(of_same_action(reason__in=codes)),
        *others,
        _connector=Q.OR,
    )
    return Word(ways if is_word(said) else (), check, [entries, *holds])


def forms_of_words(value: str) -> set[str]:
    """Return the forms of words, also with a space for each hyphen, or of a number in one."""
    spellings = (GAP.sub(" ", value), GAP.sub("", value))
    others = {form for each in spellings for form in forms_of_term(each) if len(form) >= SHORTEST}
    return forms_of_term(value) | others


def of_row(column: str, texts: Any) -> Any:
    """Keep the text whose number is in a column of the outer query.

    With the equation alone, PostgreSQL would read all texts once, and not those of a few rows.
    """
    return texts.filter(rowid=OuterRef(column), rowid__lte=OuterRef(column))


def rows_of(model: type[EntryText | HoldText], lookup: str, forms: Iterable[str]) -> Any:
    """Return a query of the numbers of texts that have any of these forms of a word."""
    has_form = [Q(**{f"text__{lookup}": form}) for form in sorted(forms)]
    return model._default_manager.filter(Q(*has_form, _connector=Q.OR)).values("rowid")


def outcome(value: str, context: Context) -> Q:
    chosen = one_of(value, [*Outcome.values, WITHOUT_OUTCOME])
    if chosen == WITHOUT_OUTCOME:
        return search.without_outcome(context.now)
    return Q(outcome=chosen)


def client(value: str, _context: Context) -> Q:
    """Match the story of a client: all holds that are, or once were, for the same client."""
    if not value.isdigit():
        raise TermError(_("After client: comes the number of a hold. Type a name without a term."))
    if (known := clients.all_holds().filter(pk=number(value)).first()) is None:
        raise TermError(_("There is no hold %(number)s.") % {"number": value})
    return search.with_entry(hold__in=clients.holds_ever_of(known))


def cause(value: str) -> Q:
    """Match an error code; older versions stored cal.com's own, which have capitals."""
    return Q(cause="") if value.lower() == "none" else Q(cause__in=[value, value.lower()])


def exactly(column: str, value: str) -> Q:
    if len(value) < SHORTEST:
        raise TermError(_("“%(word)s” is too short.") % {"word": value})
    return Q(**{column: value})


# Readers by the names of terms. Each returns a condition on actions, or raises TermError. The entry
# of an export has the terms of its search and cannot be erased, so ``without_words`` must remove
# values that may name a client.
READERS: dict[str, Callable[[str, Context], Condition]] = {
    "actor": named_people.actor,
    "about": named_people.about,
    "person": named_people.person,
    "action": lambda value, _context: Q(action=one_of(value, Action.values)),
    "outcome": outcome,
    "cause": lambda value, _context: cause(value),
    "ended": lambda value, _context: Q(ended=one_of(value, ENDED)),
    "hold": lambda value, _context: search.with_entry(hold=number(value)),
    "client": client,
    "event": lambda value, _context: Q(event_type=number(value)),
    "day": lambda value, context: term_values.days(value, context.now),
    "hour": lambda value, _context: term_values.hour(value),
    "request": lambda value, _context: exactly("request_id", value),
    "address": lambda value, _context: exactly("address", value),
}
