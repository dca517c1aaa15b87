from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from dashboard.holds import erasure
from dashboard.holds.mentions import mentions
from dashboard.holds.models import Hold
from dashboard.holds.problems import HoldError
from dashboard.management.arguments import hold_number
from dashboard.management.terminal import is_confirmed


class Command(BaseCommand):
    help = (
        "Erase name, contact and notes of the clients of these holds from all their ended holds."
        " Open holds keep them, except of former clients. Prints no names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("holds", nargs="+", type=hold_number, metavar="HOLD", help="its number")
        parser.add_argument("--dry-run", action="store_true", help="say what would be erased")
        parser.add_argument("--no-input", action="store_true", help="do not ask")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = Hold.objects.in_bulk(options["holds"])
        if missing := sorted(set(options["holds"]) - found.keys()):
            raise CommandError(f"Nothing was erased: there is no hold {missing[0]}.")
        for pk, hold in found.items():
            ended = erasure.erasable(hold).count()
            others = erasure.passed_on(hold).count()
            stay = erasure.unerasable(hold).count()
            self.stdout.write(
                f"hold {pk}: {ended} ended hold{pluralize(ended, ' says,s say')} something of its"
                f" client, {stay} open one{pluralize(stay, ' keeps,s keep')} it"
            )
            if others:
                line = f"{others} hold{pluralize(others, ' was,s were')} once for its client"
                self.stdout.write(f"hold {pk}: {line}")
            if searches := erasure.searches(hold):
                found_in = f"{len(searches)} saved search{pluralize(searches, ',es')}"
                self.stdout.write(f"hold {pk}: {found_in} may name its client")
            if others_named := mentions(hold):
                numbers = " ".join(str(each.pk) for each in others_named)
                self.stdout.write(
                    f"hold {pk}: its client may be in others too, which stay: {numbers}"
                )
        if options["dry_run"]:
            return
        if not options["no_input"] and not is_confirmed("Erase for good? Type 'yes': "):
            raise CommandError("Nothing was erased.")
        for pk in found:
            try:
                erased = erasure.erase(hold_id=pk, by=None, now=timezone.now())
            except HoldError as error:  # a colleague is changing one that was once for the client
                raise CommandError(f"hold {pk}: nothing was erased. {error.happened}") from error
            self.stdout.write(f"hold {pk}: erased from {len(erased)} hold{pluralize(erased)}")
