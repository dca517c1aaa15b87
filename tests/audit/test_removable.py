"""Range of entries that retention may remove."""

from datetime import UTC, datetime

import pytest

from dashboard.accounts.models import User
from dashboard.audit import retention, trail
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.holds.models import Hold
from tests.accounts.cast import NOW
from tests.audit.recorded import begin_to_extend, extend
from tests.audit.test_retention import OLD, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]


def years_ahead(number: int) -> datetime:
    """Return a New Year after what the people of a test did, which is of today."""
    return datetime(NOW.year + number, 1, 1, tzinfo=UTC)


@pytest.fixture
def hold(immediate_links: None, staff: User, hold: Hold) -> Hold:
    """Let the hold have ended, and the entries of its people be old."""
    Hold.objects.update(state=Hold.State.EXPIRED)
    return hold


class TestRemovable:
    """Positions 1 to 5 are of two actions, of which one has an open end or hold in some tests."""

    def found(self, **options: int) -> tuple[int, int | None, bool]:
        later, now = years_ahead(1), years_ahead(3)
        found = retention.removable(later, Hold.OPEN, now=now, **options)
        return found.last - self.people, found.obstacle, found.has_more

    @pytest.fixture(autouse=True)
    def _log(self, hold):
        self.people = AuditLink.objects.count()
        write(2)
        self.hold = hold

    def test_ends_with_the_last_whole_action(self, staff):
        extend(staff, self.hold, at=OLD)
        write(1, at=years_ahead(1))
        assert self.found() == (5, None, False)

    def test_ends_before_an_open_action(self, staff):
        begin_to_extend(staff, self.hold, at=OLD)
        obstacle = AuditEntry.objects.newest_first()[0].pk
        write(1)
        assert self.found() == (2, None, False)
        write(1, at=years_ahead(2))
        assert self.found() == (2, obstacle, False)

    def test_ends_before_an_open_hold(self, staff):
        Hold.objects.update(state=Hold.State.UNCONFIRMED)
        extend(staff, self.hold, at=OLD)
        obstacle = AuditEntry.objects.newest_first()[2].pk
        assert self.found() == (2, obstacle, False)

    def test_ends_where_a_part_is_asked_for(self, staff):
        extend(staff, self.hold, at=OLD)
        assert self.found(most=self.people + 4) == (2, None, True)
        assert self.found(most=self.people + 5) == (5, None, False)

    def test_entries_ahead_of_the_clock_go_with_what_follows_them(self, staff):
        ahead = years_ahead(9)
        write(1, at=ahead)
        extend(staff, self.hold, at=OLD)
        write(1, at=ahead)
        assert self.found() == (6, None, False)
        assert retention.removable(ahead, Hold.OPEN, now=ahead).last - self.people == 2

    def test_an_action_across_the_end_stays(self, staff):
        begun = begin_to_extend(staff, self.hold, at=OLD)
        write(1)
        later = years_ahead(2)
        trail.outcome(begun, outcome=trail.Outcome.OK, now=later)
        assert self.found()[0] == 2
