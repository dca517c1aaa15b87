"""Texts for actions, verdicts, reasons and actors in a timeline line."""

from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext as _, gettext_lazy as _lazy, override

from dashboard.audit.action_sql import WITHOUT_SIGN_IN
from dashboard.audit.models import AuditEntry
from dashboard.audit.trail import SYSTEM, UNKNOWN, Action, Outcome
from dashboard.localization import marking
from dashboard.localization.searching import finder, search_text

UNDER_WAY = "under_way"  # no outcome yet, and a recent entry
UNFINISHED = "unfinished"  # no outcome and no recent entry: a finding

# Phrase for the outcome "ok", and for any other outcome; "" for the same phrase.
PHRASES: dict[str, tuple[str | Promise, str | Promise]] = {
    Action.PLACE: (_lazy("placed %(it)s"), _lazy("tried to place %(it)s")),
    Action.CHECK: (_lazy("verified %(it)s"), _lazy("tried to verify %(it)s")),
    Action.EXTEND: (_lazy("extended %(it)s"), _lazy("tried to extend %(it)s")),
    Action.MOVE: (_lazy("moved %(it)s"), _lazy("tried to move %(it)s")),
    Action.RELEASE: (_lazy("released %(it)s"), _lazy("tried to release %(it)s")),
    Action.TAKE_OVER: (_lazy("took over %(it)s"), _lazy("tried to take over %(it)s")),
    Action.CLIENT_CHANGED: (
        _lazy("edited the client details on %(it)s"),
        _lazy("tried to edit the client details on %(it)s"),
    ),
    Action.OFFER: (
        _lazy("began an offer with %(it)s"),
        _lazy("tried to begin an offer with %(it)s"),
    ),
    Action.LOOK_UP: (_lazy("looked up a reservation"), _lazy("tried to look up a reservation")),
    Action.TAKE_IN: (_lazy("added %(it)s to the board"), _lazy("tried to add %(it)s to the board")),
    Action.PUT_ASIDE: (_lazy("put %(it)s aside"), _lazy("tried to put %(it)s aside")),
    Action.ACTION_CLOSED: (
        _lazy("closed an action on %(it)s that had no outcome"),
        _lazy("tried to close an action on %(it)s that had no outcome"),
    ),
    Action.EXPIRE: (_lazy("recorded that %(it)s ran out"), ""),
    Action.SETTLE: (
        _lazy("finished an interrupted change of %(it)s"),
        _lazy("tried to finish an interrupted change of %(it)s"),
    ),
    Action.SIGN_IN: (_lazy("signed in"), _lazy("tried to sign in")),
    Action.SIGN_IN_FAILED: (_lazy("failed to sign in"), ""),
    Action.SIGN_IN_UNLOCKED: (_lazy("ended the waits to sign in"), ""),
    Action.SIGN_OUT: (_lazy("signed out"), ""),
    Action.SESSIONS_ENDED: (
        _lazy("signed a person out everywhere"),
        _lazy("tried to sign a person out everywhere"),
    ),
    Action.PERSON_ADDED: (_lazy("added a person"), _lazy("tried to add a person")),
    Action.PERSON_CHANGED: (_lazy("changed a person"), _lazy("tried to change a person")),
    Action.PASSWORD_CHANGED: (_lazy("changed a password"), _lazy("tried to change a password")),
    Action.CALENDAR_ADDED: (_lazy("added a calendar"), _lazy("tried to add a calendar")),
    Action.CALENDAR_CHANGED: (_lazy("changed a calendar"), _lazy("tried to change a calendar")),
    Action.CALENDAR_REMOVED: (_lazy("removed a calendar"), _lazy("tried to remove a calendar")),
    Action.DENIED: (_lazy("was denied a page"), ""),
    Action.EXPORT: (_lazy("exported the log"), _lazy("tried to export the log")),
    Action.VERIFY: (_lazy("verified the log"), _lazy("verified the log and found a fault")),
    Action.ERASE: (
        _lazy("erased the client's data of %(it)s"),
        _lazy("tried to erase the client's data of %(it)s"),
    ),
    Action.PRUNE: (_lazy("removed old entries of the log"), ""),
    Action.SIGNATURES_RENEWED: (_lazy("renewed the signatures of the log's retention"), ""),
    Action.SEARCHES_READ: (_lazy("read the saved searches of others"), ""),
    Action.SEARCH_DELETED: (_lazy("deleted a saved search of another person"), ""),
    Action.BACKUP: (_lazy("began a backup"), ""),
    Action.RESTORE: (_lazy("restored a backup"), ""),
    Action.MOVE_DATABASE: (_lazy("moved to another database"), ""),
}
# Phrase for a release that ended the hold as booked, because staff said so.
NOTED_AS_BOOKED = _lazy("noted %(it)s as booked")


class Tag(NamedTuple):
    """A verdict as ``_tag.html`` shows it."""

    label: str | Promise
    css_state: str
    icon: str


TAGS: dict[str, Tag] = {
    Outcome.OK: Tag(Outcome.OK.label, "ended", "done"),
    Outcome.REFUSED: Tag(Outcome.REFUSED.label, "", "refused"),
    Outcome.UNAVAILABLE: Tag(Outcome.UNAVAILABLE.label, "", "refused"),
    Outcome.UNKNOWN: Tag(Outcome.UNKNOWN.label, "changing", "asked"),
    UNDER_WAY: Tag(_lazy("under way"), "changing", "changing"),
    UNFINISHED: Tag(_lazy("no outcome"), "trouble", "trouble"),
}
# The way that was begun: cal.com may have refused any of its calls.
WAYS: dict[str, str | Promise] = {
    "in place": _lazy("in place"),
    "park and return": _lazy("by parking and returning"),
    "new first": _lazy("by a new one before the release of the old one"),
    "retake": _lazy("by releasing and taking again"),
}
REASONS: dict[str, str | Promise] = {
    "client_rang_off": _lazy("client hung up"),
    "client_chose_other": _lazy("client chose another time"),
    "booked": _lazy("booked"),
    "mistake": _lazy("placed by mistake"),
    "absent": _lazy("the holder is away"),
    "client_asked": _lazy("the client asked another colleague"),
    "handed_over": _lazy("agreed with the holder"),
    "offer_decided": _lazy("the client chose another time of the offer"),
    "other": _lazy("another reason"),
}
# Reasons of sign-in and sign-out, shown without the word "reason".
CIRCUMSTANCES: dict[str, str | Promise] = {
    "idle": _lazy("because nothing was done for a long time"),
    "signed_in_too_long": _lazy("because the sign-in was too long ago"),
    "by_proxy": _lazy("by the proxy"),
}
# By the error code of an action without a message, and without a call that failed.
CODES: dict[str, str | Promise] = {
    "wrong_password": _lazy("the password was wrong"),
    "too_many_guesses": _lazy("after too many tries"),
    "session_ended": _lazy("the session had ended"),
    "deactivated": _lazy("the person is switched off"),
    "no_group": _lazy("no group gives a role"),
    "invalid_name": _lazy("no person can have this name"),
    "not_admin": _lazy("no longer an Admin"),
    "own_role": _lazy("people cannot change their own role"),
    "superuser": _lazy("only a superuser may do that"),
    "last_admin": _lazy("this is the last active Admin"),
    "limits_people": _lazy("people are limited to it"),
    "nothing_found": _lazy("cal.com has no such reservation"),
    "was_known": _lazy("it was on the board already"),
    "was_already_gone": _lazy("cal.com no longer had it"),
    "expired": _lazy("the reservation had run out"),
    "being_asked": _lazy("another hold is waiting for an answer about this time"),
    "not_your_calendar": _lazy("this person may not hold for that calendar"),
}
YOU = _lazy("you")
SYSTEM_LABEL = _lazy("the system")
SYSTEM_ITSELF = _lazy("the system automatically")
UNKNOWN_LABEL = _lazy("unknown user name (%(sign)s)")
UNPROVEN = _lazy("not signed in, as “%(name)s”")


@dataclass(frozen=True)
class ActorLabel:
    """Actor as a page shows it."""

    who: str  # "you" for the reader
    name: str  # of who it was; on paper "you" could be anyone
    by_system: str  # the system with the command of an operator, or that it acted by itself
    story: str  # a search for the story of the person, "" without one

    # One object is the actor of many lines of a page.
    @cached_property
    def html(self) -> SafeString:
        return replace(self, story="").html_with_link

    @cached_property
    def html_with_link(self) -> SafeString:
        return actor_html(self, get_language(), reverse("audit"))


# Pages have many lines and few actors and verdicts, so these are cached.
@lru_cache(maxsize=1024)
def actor_html(actor: ActorLabel, _language: str | None, log_url: str) -> SafeString:
    """Return the beginning of a sentence, with the colon that German needs after the actor."""
    name = render_to_string("audit/_actor.html", asdict(actor) | {"log_url": log_url}).strip()
    return marking.filled(_("%(who)s %(did)s"), who=SafeString(name), did="")  # nosec B703: escaped


@lru_cache
def tag(verdict: str, _language: str | None) -> SafeString:
    """Return a verdict as ``_tag.html`` shows it."""
    shown = TAGS.get(verdict) or Tag(verdict, "", "refused")
    return render_to_string("_tag.html", shown._asdict())


def action_phrase(action: str, verdict: str, *, as_booked: bool = False) -> str:
    """Return a phrase such as "extended %(it)s", or "tried to extend %(it)s" without success."""
    # A percent sign in an action that another program has damaged would be read as a placeholder.
    done, tried = PHRASES.get(action) or (str(action).replace("%", "?"), "")
    return str(NOTED_AS_BOOKED if as_booked else done if verdict == Outcome.OK else tried or done)


def is_by_system(entry: AuditEntry) -> bool:
    """Return True if the system acted, and no person, whatever a person's name reads like."""
    return (
        entry.actor_id is None
        and entry.action not in WITHOUT_SIGN_IN
        and entry.actor_name == SYSTEM
    )


def actor_label(
    entry: AuditEntry, viewer: int | None = None, *, with_username: bool = False
) -> ActorLabel:
    """Return who acted; the person with the primary key ``viewer`` is *you*."""
    if entry.username is not None:
        name = entry.actor_name
        if with_username and entry.username != name:
            name = f"{name} ({entry.username})"
        who = str(YOU) if entry.actor_id == viewer else name
        return ActorLabel(who, name, by_system="", story=f"person:{entry.username}")
    if is_by_system(entry):
        name = str(SYSTEM_LABEL)
        command = entry.user_agent
        by_system = f"{name} ({command})" if command else str(SYSTEM_ITSELF)
        return ActorLabel(name, name, by_system, story=f"person:{SYSTEM}")
    unknown, _space, fingerprint = entry.actor_name.partition(" ")
    if unknown == UNKNOWN and fingerprint:
        name = UNKNOWN_LABEL % {"sign": fingerprint}
    else:
        # A typed name proves nothing, so it is never shown like that of a signed-in person.
        name = UNPROVEN % {"name": entry.actor_name}
    return ActorLabel(name, name, by_system="", story="")


def code_label(code: str) -> str:
    """Return a code or a role in words; what ``_codes.html`` or a page has is translated."""
    return _(code.replace("_", " "))


def reason_label(code: str) -> str:
    """Return the label of a reason code; an unknown code as it is, with spaces."""
    return str((REASONS | CIRCUMSTANCES).get(code, code.replace("_", " ")))


def reasons_called(words: str) -> list[str]:
    """Return the codes of reasons whose labels have these words, in any language.

    The address of a search is shared, and ``audit_export`` has another language than its reader.
    """
    is_in = finder(words)
    return [code for code, labels in reason_texts().items() if is_in(labels)]


@cache
def reason_texts() -> dict[str, str]:
    """Return the form of all labels of each reason in which ``finder`` looks."""
    labels = defaultdict[str, list[str]](list)
    for language, _name in settings.LANGUAGES:
        with override(language):
            for code, label in (REASONS | CIRCUMSTANCES).items():
                labels[code].append(str(label))
    return {code: search_text(*each) for code, each in labels.items()}
