"""Query plans: every filter and term of the log is a range of an index, on both databases."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from dashboard.audit import clients, export, former_clients, rollup_sql, search, terms
from dashboard.audit.chain_verification import linked_after
from dashboard.audit.named_people import Context, Person
from tests.accounts.cast import make_hold
from tests.audit.databases import as_default
from tests.audit.recorded import NOON

# Days ask that database for their bounds, and words for former names of people.
pytestmark = pytest.mark.usefixtures("django_db_setup")
PEOPLE = (Person(1, "ada", "Ada King (ada)"), Person(2, "bo", "Bo Berg (bo)"))
WHOLE = "SCAN dashboard_(loggedaction|auditentry)(?! USING)|Seq Scan on dashboard_(logged|audit)"
# Text: the indexes that its plans use, one for each query.
TERMS = {
    "actor:ada": ["logged_actor"],
    "actor:system": ["logged_actor|_pkey"],
    "about:ada": ["logged_about"],
    "action:release": ["logged_action"],
    "outcome:refused": ["logged_outcome"],
    "outcome:none": ["logged_outcome"],
    "hold:5": ["audit_hold|auditentry_hold_id"],
    "event:30": ["logged_event_type"],
    "day:2026-11-20": ["PRIMARY KEY|_pkey"],
    "day:..2026-11-20": ["PRIMARY KEY|_pkey"],
    "day:7d": ["PRIMARY KEY|_pkey"],
    "hour:2026-11-20T14:00": ["PRIMARY KEY|_pkey"],
    "cause:taken": ["logged_cause"],
    "cause:none": ["logged_cause"],
    "ended:released": ["logged_ended"],
    "request:4711": ["logged_request_id"],
    "address:10.0.0.1": ["logged_address"],
    "actor:ada outcome:unknown": ["logged_actor_outcome"],
    "action:move outcome:unknown": ["logged_action_outcome"],
    "actor:ada action:move": ["logged_actor_action"],
    "king": [
        "entrytext|VIRTUAL TABLE INDEX 0:L0",
        "logged_hold|_pkey",
        "logged_about|_pkey",
        "logged_address",
        "logged_request_id",
        "audit_upstream",
        "logged_actor",
    ],
    "king action:move": ["", "", "", "", "", "", ""],
}
# Found in the order of the log, so that a page reads no more than its own lines.
IN_ORDER = ("actor:ada", "action:release", "outcome:refused", "day:7d", "actor:ada action:move")
DAYS = Q(at__gte=NOON, at__lt=NOON, id__gte=5, id__lte=9)
FIELDS = [
    ([], "PRIMARY KEY|_pkey|SCAN dashboard_loggedaction$"),
    ([Q(actor=1)], "logged_actor"),
    ([search.by_system()], "logged_actor|_pkey"),
    ([Q(action="move")], "logged_action"),
    ([search.with_entry(hold=5)], "audit_hold|auditentry_hold_id"),
    ([Q(outcome="unknown")], "logged_outcome"),
    ([search.without_outcome(NOON)], "logged_outcome"),
    ([Q(outcome="unknown"), DAYS], "logged_outcome"),
    ([Q(outcome="unknown"), Q(actor=1)], "logged_actor_outcome"),
    ([Q(outcome="unknown"), Q(action="move")], "logged_action_outcome"),
    ([DAYS], "PRIMARY KEY|_pkey"),
]


def plans(conditions: list[Q], connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Yield the plan of each query of a page; PostgreSQL's as for a table that is not tiny."""
    for query in search.alternatives(conditions):
        page = query.newest_first().values_list("id").using(connection.alias)[:51]
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for way in ("seqscan", "bitmapscan", "sort"):
                    cursor.execute(f"SET LOCAL enable_{way} = off")
            plan = page.explain()
        yield plan


@pytest.mark.parametrize("text", TERMS)
def test_every_term_uses_an_index(shared, text):
    written = list(plans(terms.conditions(text, Context(PEOPLE, 1, NOON)), shared))
    assert len(written) == len(TERMS[text])
    for plan, index in zip(written, TERMS[text], strict=True):
        assert re.search(index, plan), plan
        assert not re.search(WHOLE, plan, re.MULTILINE), plan
        if text in IN_ORDER:
            assert not re.search(r"TEMP B-TREE|Sort\b", plan), plan


@pytest.mark.parametrize(("conditions", "index"), FIELDS)
def test_every_field_uses_an_index(shared, conditions, index):
    [plan] = plans(conditions, shared)
    assert re.search(index, plan, re.MULTILINE), plan


@pytest.mark.parametrize("word", ["king", "-booked"])  # of a reason entries have a code
def test_a_word_is_looked_for_in_the_texts_of_few_actions(shared, word):
    """PostgreSQL reads all texts once for an equation, which takes longer than these few."""
    found = search.matching(terms.conditions(word, Context(PEOPLE, 1, NOON)))
    recent = found.newer_than(1).using(shared.alias)
    plan = recent.newest_first()[:51].explain()
    assert re.search("PRIMARY KEY|_pkey", plan), plan
    read_whole = r"Seq Scan on dashboard_((entry|hold)text|.*\s+Filter: \(+reason)"
    assert not re.search(read_whole, plan), plan


def test_holds_that_were_once_for_a_client_are_found_by_their_keys(staff):
    """Not by reading all holds, which a condition that is one of two would need."""
    ada, other = {"client_name": "Ada", "client_contact": "0171"}, {"client_name": "Zed"}
    hold = make_hold(staff, **ada, reservation_uid="1")
    stored = former_clients.followed_by("", NOON, *ada.values())
    given = make_hold(staff, **other, former_clients=stored, reservation_uid="2")
    found = clients.holds_ever_of(hold)
    assert {row["pk"] for row in found} == {hold.pk, given.pk}
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert not re.search(r"(SCAN|Seq Scan on) dashboard_hold\b", found.explain())
    assert clients.all_holds().exclude(pk__in=found).count() == 0


def test_verification_finds_the_entry_of_each_link_by_its_id(shared):
    """PostgreSQL may think it quicker to read all entries, for each of many parts of the log."""
    with shared.cursor() as cursor, transaction.atomic(using=shared.alias):
        if shared.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(shared) as made, as_default(shared):
            assert linked_after(0, 2)
        explain = "EXPLAIN" if shared.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} {made[0]['sql']}")
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert re.search(r"SEARCH e USING INTEGER PRIMARY KEY|Index Cond: \(id = l.entry_id", plan), (
        plan
    )


def test_what_an_entry_adds_to_the_counts_is_one_list_in_the_plan(shared):
    """To set up a part of the plan for each kind takes longer than to count."""
    kinds = rollup_sql.BEGUN | rollup_sql.DONE
    query = rollup_sql.single(rollup_sql.actions(shared.vendor, kinds, "a.id = 1"))
    explain = "EXPLAIN" if shared.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with shared.cursor() as cursor:
        cursor.execute(f"{explain} {query}")
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert re.search(r"Values Scan|\d+ CONSTANT ROWS", plan), plan
    assert not re.search(r"Append|UNION", plan), plan


def test_export_makes_lines_while_the_database_finds_rows(shared, monkeypatch):
    """A database that sorts has found the last row before it sends the first."""
    asked = []
    with as_default(shared):
        for select in ("streamed", "fetched"):
            monkeypatch.setattr(export, select, lambda *query: asked.append(query) or [])
        monkeypatch.setattr(export, "next_ids", lambda _found, last: [] if last else [1, 2])
        list(export.of_actions("csv", []))
    [(statement, parameters)] = asked
    explain = "EXPLAIN" if shared.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with shared.cursor() as cursor:
        cursor.execute(f"{explain} {statement}", parameters)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "auditentry" in plan or "SEARCH e" in plan
    assert not re.search(r"TEMP B-TREE|Sort\b", plan), plan


@pytest.mark.django_db
def test_postgresql_compiles_no_search_for_words():
    """To compile a query of 30 words takes a hundred times as long as to run it."""
    words = terms.conditions("king queen", Context(PEOPLE, 1, NOON))
    searches = (
        lambda: search.page(words, now=NOON),
        lambda: list(export.of_actions("csv", words)),
        lambda: export.ends(words),
    )
    for find in searches:
        with CaptureQueriesContext(connection) as made:
            find()
        said = [query["sql"] for query in made if re.search("loggedaction|jit", query["sql"])]
        if connection.vendor == "postgresql":
            assert said[0].endswith("SET LOCAL jit = off")


def test_postgresql_knows_how_many_actions_a_log_has(shared):
    """From its samples of ten million entries it expects 23 of an action, and starts workers."""
    if shared.vendor == "postgresql":
        with shared.cursor() as cursor:
            cursor.execute(
                "SELECT attname, attoptions FROM pg_attribute WHERE attoptions IS NOT NULL"
                " AND attrelid = 'dashboard_auditentry'::regclass ORDER BY 1"
            )
            shares = {"action_id": ["n_distinct=-0.4"], "upstream_request_id": ["n_distinct=-0.4"]}
            assert dict(cursor.fetchall()) == shares
