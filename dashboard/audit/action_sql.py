"""SQL that keeps one row for each action, by which the log is searched.

The row says what the first and the last entry of an action say, so that each filter, and each two
of person, action and outcome, is one range of an index in the order of the log. A trigger
(:mod:`dashboard.audit.triggers`) inserts it with the first entry and completes it with the last.
"""

ENTRIES = "dashboard_auditentry"
ACTIONS = "dashboard_loggedaction"
PEOPLE = "dashboard_user"
# States of a hold that ended; a refused one never was held.
ENDED = ("released", "booked", "expired", "gone", "lost")
ABOUT_PEOPLE = (
    "person_added",
    "person_changed",
    "password_changed",
    "sessions_ended",
    "search_deleted",
)
WITHOUT_SIGN_IN = ("sign_in_failed", "denied")
IS_FIRST = "IN ('intent', 'event')"
IS_LAST = "IN ('outcome', 'event')"
COLUMNS = (
    "id, action_id, at, action, actor, outcome, cause, ended, hold, event_type, about, address,"
    " request_id"
)
# First entries of the action of a trigger's row NEW; another program may have written two.
FIRST_ENTRIES = (
    f"(SELECT o.id FROM {ENTRIES} o WHERE o.action_id = NEW.action_id AND o.kind {IS_FIRST})"  # noqa: S608
)
# What was refused at once says no event type: it is that of the hold's action before.
HOLDS_LAST = (
    f"(SELECT a.event_type FROM {ACTIONS} a WHERE a.hold = NEW.hold_id"  # noqa: S608 constants
    " AND a.event_type IS NOT NULL ORDER BY a.id DESC LIMIT 1)"
)


def all_actions(vendor: str) -> str:
    """Return the query of COLUMNS of the actions of all entries there are."""
    return (
        f"SELECT {values(vendor, 'f', 'l')} FROM {ENTRIES} f"  # noqa: S608 constants
        f" LEFT JOIN {ENTRIES} l ON l.action_id = f.action_id AND l.kind {IS_LAST}"
        f" WHERE f.kind {IS_FIRST}"
    )


def of_new_row(vendor: str) -> str:
    """Return the statements for the row NEW of a trigger."""
    insert = f"INSERT INTO {ACTIONS} ({COLUMNS}) SELECT {values(vendor, 'NEW', 'NEW', HOLDS_LAST)}"
    before = f"(SELECT f.before FROM {ENTRIES} f WHERE f.id = {ACTIONS}.id)"  # noqa: S608
    update = (
        f"UPDATE {ACTIONS} SET outcome = NEW.outcome, cause = NEW.error_code,"  # noqa: S608
        f" ended = {end_of_hold(vendor, before, 'NEW.after')},"
        " hold = coalesce(NEW.hold_id, hold),"
        f" event_type = coalesce(event_type, {number(vendor, 'NEW.after')})"
        f" WHERE id IN {FIRST_ENTRIES}"
    )
    if vendor == "sqlite":
        return f"{insert} WHERE NEW.kind {IS_FIRST}; {update} AND NEW.kind = 'outcome';"
    return (
        f"IF NEW.kind {IS_FIRST} THEN {insert}; ELSIF NEW.kind = 'outcome' THEN {update}; END IF;"
    )


def values(vendor: str, first: str, last: str, otherwise: str = "NULL") -> str:
    """Return the SQL of COLUMNS from the first and the last entry of an action.

    ``otherwise`` is the event type where neither says one.
    """
    people, strangers = (
        ", ".join(f"'{each}'" for each in actions) for actions in (ABOUT_PEOPLE, WITHOUT_SIGN_IN)
    )
    about = (
        f"CASE WHEN {first}.action IN ({people})"  # noqa: S608 constants
        f" THEN substr({field(vendor, f'{first}.asked', 'username')}, 1, 150)"
        f" WHEN {first}.action = 'take_over' THEN (SELECT u.username FROM {PEOPLE} u"
        f" WHERE CAST(u.id AS text) = CAST({field(vendor, f'{first}.asked', 'person')} AS text))"
        f" WHEN {first}.action IN ({strangers}) AND {first}.actor_id IS NULL"
        f" THEN {first}.actor_name END"
    )
    hold = f"coalesce({last}.hold_id, {first}.hold_id)"
    event_type = ", ".join(
        number(vendor, column) for column in (f"{first}.asked", f"{first}.before", f"{last}.after")
    )
    has_ended = f"coalesce({last}.outcome, '') <> ''"
    return (
        f"{first}.id, {first}.action_id, {first}.at, {first}.action, {first}.actor_id,"
        f" coalesce({last}.outcome, ''), CASE WHEN {has_ended} THEN {last}.error_code END,"
        f" CASE WHEN {has_ended} THEN"
        f" {end_of_hold(vendor, f'{first}.before', f'{last}.after')} END,"
        f" {hold}, coalesce({event_type}, {otherwise}), {about},"
        f" nullif({first}.address, ''), nullif({first}.request_id, '')"
    )


def end_of_hold(vendor: str, before: str, after: str) -> str:
    """Return the SQL of the state in which an action ended a hold, NULL if it did not."""
    state, former = field(vendor, after, "state"), field(vendor, before, "state")
    ended = ", ".join(f"'{each}'" for each in ENDED)
    return f"CASE WHEN {state} IN ({ended}) AND {state} <> coalesce({former}, '') THEN {state} END"


def field(vendor: str, column: str, key: str) -> str:
    """Return the SQL of the text in a JSON column under a key."""
    on_sqlite = vendor == "sqlite"
    return f"json_extract({column}, '$.{key}')" if on_sqlite else f"({column} ->> '{key}')"


def number(vendor: str, column: str) -> str:
    """Return the SQL of the event type in a JSON column, NULL unless it is a whole number."""
    if vendor == "sqlite":
        return (
            f"CASE WHEN json_type({column}, '$.event_type_id') = 'integer'"
            f" THEN json_extract({column}, '$.event_type_id') END"
        )
    text = field(vendor, column, "event_type_id")
    return f"CASE WHEN {text} ~ '^[0-9]{{1,18}}$' THEN {text}::bigint END"
