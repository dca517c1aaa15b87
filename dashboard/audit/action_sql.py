"""SQL that keeps one row for each action, by which the log is searched.

The row says what the first and the last entry of an action say, so that each filter, and each
pair of person, action and outcome, is one range of an index in the order of the log. A trigger
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
# First entries of the action of a trigger's row NEW; another program may have written two.
FIRST_ENTRIES = (
    f"(SELECT o.id FROM {ENTRIES} o WHERE o.action_id = NEW.action_id AND o.kind {IS_FIRST})"
)
# What was refused at once says no event type: it is that of the hold's action before.
HOLDS_LAST = (
    f"(SELECT a.event_type FROM {ACTIONS} a WHERE a.hold = NEW.hold_id"
    " AND a.event_type IS NOT NULL ORDER BY a.id DESC LIMIT 1)"
)


def in_one_line(sql: str) -> str:
    """Return SQL without its line breaks, as databases keep that of the triggers to be compared."""
    return " ".join(line.strip() for line in sql.strip().split("\n"))


def listed(texts: tuple[str, ...]) -> str:
    """Return the SQL of a list of texts."""
    return ", ".join(f"'{text}'" for text in texts)


def all_actions(vendor: str, columns: str) -> str:
    """Return the query of these columns of the actions of all entries there are."""
    named = values(vendor, "f", "l")
    return f"""
        SELECT {", ".join(named[name] for name in columns.split(", "))}
        FROM {ENTRIES} f
        LEFT JOIN {ENTRIES} l ON l.action_id = f.action_id AND l.kind {IS_LAST}
        WHERE f.kind {IS_FIRST}
    """


def of_new_row(vendor: str) -> str:
    """Return the statements for the row NEW of a trigger."""
    new = ", ".join(values(vendor, "NEW", "NEW", HOLDS_LAST).values())
    insert = f"INSERT INTO {ACTIONS} ({COLUMNS}) SELECT {new}"
    before = f"(SELECT f.before FROM {ENTRIES} f WHERE f.id = {ACTIONS}.id)"
    update = in_one_line(f"""
        UPDATE {ACTIONS}
        SET outcome = NEW.outcome,
            cause = NEW.error_code,
            ended = {end_of_hold(vendor, before, "NEW.after")},
            hold = coalesce(NEW.hold_id, hold),
            event_type = coalesce(event_type, {event_type(vendor, "NEW.after")})
        WHERE id IN {FIRST_ENTRIES}
    """)
    if vendor == "sqlite":
        return f"{insert} WHERE NEW.kind {IS_FIRST}; {update} AND NEW.kind = 'outcome';"
    return (
        f"IF NEW.kind {IS_FIRST} THEN {insert}; ELSIF NEW.kind = 'outcome' THEN {update}; END IF;"
    )


def values(vendor: str, first: str, last: str, otherwise: str = "NULL") -> dict[str, str]:
    """Return the SQL of each column from the first and the last entry of an action.

    ``otherwise`` is the event type where neither says one.
    """
    has_ended = f"coalesce({last}.outcome, '') <> ''"
    ended = end_of_hold(vendor, f"{first}.before", f"{last}.after")
    said = (f"{first}.asked", f"{first}.before", f"{last}.after")
    event_types = ", ".join(event_type(vendor, column) for column in said)
    return {
        "id": f"{first}.id",
        "action_id": f"{first}.action_id",
        "at": f"{first}.at",
        "action": f"{first}.action",
        "actor": f"{first}.actor_id",
        "outcome": f"coalesce({last}.outcome, '')",
        "cause": f"CASE WHEN {has_ended} THEN {last}.error_code END",
        "ended": f"CASE WHEN {has_ended} THEN {ended} END",
        "hold": f"coalesce({last}.hold_id, {first}.hold_id)",
        "event_type": f"coalesce({event_types}, {otherwise})",
        "about": about(vendor, first),
        "address": f"nullif({first}.address, '')",
        "request_id": f"nullif({first}.request_id, '')",
    }


def about(vendor: str, first: str) -> str:
    """Return the SQL of the user name of whom an action is about, from its first entry."""
    username, person = (field(vendor, f"{first}.asked", key) for key in ("username", "person"))
    return in_one_line(f"""
        CASE
            WHEN {first}.action IN ({listed(ABOUT_PEOPLE)}) THEN substr({username}, 1, 150)
            WHEN {first}.action = 'take_over'
                THEN (SELECT u.username FROM {PEOPLE} u
                      WHERE CAST(u.id AS text) = CAST({person} AS text))
            WHEN {first}.action IN ({listed(WITHOUT_SIGN_IN)}) AND {first}.actor_id IS NULL
                THEN {first}.actor_name
        END
    """)


def end_of_hold(vendor: str, before: str, after: str) -> str:
    """Return the SQL of the state in which an action ended a hold, NULL if it did not."""
    state, former = field(vendor, after, "state"), field(vendor, before, "state")
    return in_one_line(f"""
        CASE WHEN {state} IN ({listed(ENDED)}) AND {state} <> coalesce({former}, '')
        THEN {state} END
    """)


def field(vendor: str, column: str, key: str) -> str:
    """Return the SQL of the text in a JSON column under a key."""
    on_sqlite = vendor == "sqlite"
    return f"json_extract({column}, '$.{key}')" if on_sqlite else f"({column} ->> '{key}')"


def event_type(vendor: str, column: str) -> str:
    """Return the SQL of the event type in a JSON column, NULL unless it is a whole number."""
    text = field(vendor, column, "event_type_id")
    if vendor == "sqlite":
        return f"CASE WHEN json_type({column}, '$.event_type_id') = 'integer' THEN {text} END"
    return f"CASE WHEN {text} ~ '^[0-9]{{1,18}}$' THEN {text}::bigint END"


COLUMNS = ", ".join(values("sqlite", "f", "l"))  # the names, in the order of their SQL
