import json
import os
import shutil
import stat
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.template.defaultfilters import pluralize
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.calcom import CalcomError, Cause, Exchange, endpoints
from dashboard.calcom_state import calcom_client, rate_and_clock
from dashboard.edge import database, health
from dashboard.holds.models import Hold, begun_at

LEAST_ROOM = 200 * 2**20  # bytes
# What ``settle`` does within seconds is late after this.
LATE = timedelta(minutes=5)
MOST_SKEW = timedelta(seconds=5)
RUN_SETTLE = "See that 'manage.py serve' runs, which starts 'settle', and read its log."
UNREADABLE = {
    "sqlite": database.REMEDY["sqlite"],
    "postgresql": "See that DATABASE_URL is right, and that its server runs and lets this user in.",
}
CHECK_WAY = (
    "See that this machine reaches CALCOM_API_URL: name server, firewall, HTTPS_PROXY and"
    " SSL_CERT_FILE."
)
CHECK_ADDRESS = "See that CALCOM_API_URL is the base of cal.com's API: see the README."
REMEDIES = {
    Cause.NOT_SENT: CHECK_WAY,
    Cause.UNANSWERED: CHECK_WAY,
    Cause.KEY_REJECTED: "Look at CALCOM_API_KEY.",
    Cause.RATE_LIMITED: "Wait a minute; if it goes on, see which other programs use the key.",
    Cause.SERVER_FAULT: "Read the log of cal.com, or of the proxy in front of it.",
}


@dataclass(frozen=True, slots=True)
class Observation:
    """State of one part of the installation. ``level`` is ok, warning or error."""

    level: str
    subject: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"\n         → {self.remedy}" if self.remedy else ""
        return f"{self.level:8} {self.subject}: {self.text}{remedy}"


def observation(subject: str, text: str, remedy: str = "") -> Observation:
    """Return a warning, or without a remedy that nothing is wrong."""
    return Observation("warning" if remedy else "ok", subject, text, remedy)


class Command(BaseCommand):
    help = "Examine settings, database, disk, cal.com and clock; exit with 1 after an error."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of objects")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = list(examine(timezone.now()))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found], indent=2))
        else:
            self.stdout.write("\n".join(map(str, found)))
        if any(each.level == "error" for each in found):
            sys.exit(1)


def examine(now: datetime) -> Iterator[Observation]:
    """Yield what each examination finds; a database that is away does not end the others."""
    yield from configuration()
    try:
        yield from database_state(now)
    except DatabaseError as exc:
        text = f"The database cannot be read: {database.error_text(exc)}."
        yield Observation("error", "database", text, UNREADABLE[connection.vendor])
    yield from disk()
    yield from calcom()


def configuration() -> Iterator[Observation]:
    """Run the checks of Django and Holdfast: settings, static files, proxies, security."""
    every = run_checks(include_deployment_checks=True)
    messages = [each for each in every if not each.is_silenced()]
    for each in messages:
        level = "error" if each.level >= ERROR else "warning"
        remedy = each.hint or "See Django's page on this check."
        yield Observation(level, "settings", each.msg, remedy)
    if not messages:
        yield observation("settings", f"{settings.PUBLIC_ADDRESS} and all settings fit.")


def database_state(now: datetime) -> Iterator[Observation]:
    """Run the checks of the database: migrations, writing, options, triggers and what waits."""
    reason = health.why_not_ready()
    if reason.startswith("migrations are missing"):
        yield Observation("error", "database", f"{reason}.", "Run 'manage.py migrate'.")
        return
    messages = run_checks(tags=["database"], databases=["default"])
    for each in messages:
        yield Observation(
            "error", "database", each.msg, each.hint or "Read the log of the database."
        )
    if not messages:
        text = "It is migrated and takes writes, and triggers protect the audit log."
        yield observation("database", text)
    yield from settling(now)


def disk() -> Iterator[Observation]:
    """Examine room and readers of a database in a file; a server looks after its own."""
    if connection.vendor != "sqlite":
        return
    file = Path(connection.settings_dict["NAME"])
    free = shutil.disk_usage(file.parent).free
    text = f"{free // 2**20} MiB are free in {file.parent}."
    remedy = "Make room, or move the database to another disk." if free < LEAST_ROOM else ""
    yield observation("disk", text, remedy)
    # The file's own mode follows the umask of the command that made it.
    way = [(file, stat.S_IROTH), *((folder, stat.S_IXOTH) for folder in file.parents)]
    if os.access(file, os.R_OK) and all(each.stat().st_mode & bit for each, bit in way):
        text = f"All users of this machine can read clients and sessions in {file}."
        yield observation("disk", text, f"Run 'chmod o-r {file}*'.")


def settling(now: datetime) -> Iterator[Observation]:
    """Look for what ``settle`` should have recorded or finished."""
    proven = rate_and_clock.proven_cal_now(rate_and_clock.load(), now) - LATE
    late = Hold.objects.past_their_time(proven, now - LATE).count()
    half_way = Hold.objects.left_half_way(now).alias(begun_at=begun_at())
    late += half_way.filter(begun_at__lt=now - LATE).count()
    silent = AuditEntry.objects.filter(at__gte=now - timedelta(days=7), at__lt=now - LATE)
    intents = silent.without_outcome().order_by().count()
    if late or intents:
        text = (
            f"{late} hold{pluralize(late, ' waits,s wait')} to be settled, and"
            f" {intents} action{pluralize(intents, ' has,s have')} no outcome."
        )
        yield observation("settling", text, RUN_SETTLE)
    else:
        yield observation("settling", "Nothing waits to be settled.")


def calcom() -> Iterator[Observation]:
    """Ask cal.com for the event types, which changes nothing there, and compare the clocks."""
    answer = calcom_client.client().answer_to(endpoints.event_types())
    if isinstance(answer, CalcomError):
        reason = str(answer).rstrip(".")
        text = f"{settings.CALCOM_API_URL} did not give the event types: {reason}."
        yield Observation("error", "cal.com", text, REMEDIES.get(answer.cause, CHECK_ADDRESS))
    else:
        number = len(answer.value.entries)
        remedy = "" if number else "Use a key of the user or team whose times are held."
        yield observation(
            "cal.com", f"The key may list {number} event type{pluralize(number)}.", remedy
        )
    yield from clocks(answer.exchange)


def clocks(exchange: Exchange) -> Iterator[Observation]:
    """Compare the local clock with the whole seconds of cal.com's ``Date``."""
    if exchange.server_date is None:
        return
    skew = exchange.server_date - exchange.received_at
    if abs(skew) > MOST_SKEW:
        text = f"This machine's clock differs from cal.com's by {abs(skew).total_seconds():.0f} s."
        remedy = (
            "Run a time service, such as systemd-timesyncd. Countdowns are right even so, unless"
            " several machines serve Holdfast."
        )
        yield observation("clock", text, remedy)
    else:
        yield observation("clock", "This machine's clock agrees with cal.com's.")
