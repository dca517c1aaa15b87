"""Range of entries that retention may remove."""

from datetime import UTC, datetime

import pytest

from dashboard.accounts.models import User
from dashboard.audit import retention, trail
from dashboard.audit.models import AuditEntry, AuditLink
from dashboard.holds.models import Hold
from tests.audit.recorded import begin_to_extend, extend
from tests.audit.test_retention import OLD, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("immediate_links")]


@pytest.fixture
def hold(immediate_links: None, staff: User, hold: Hold) -> Hold:
    """Let the hold have ended, and the entries of its people be old."""
    Hold.objects.update(state=Hold.State.EXPIRED)
    return hold


class TestRemovable:
    """Positions 1 to 5 are of two actions, of which one has an open end or hold in some tests."""

    def found(self, **options: int) -> tuple[int, int | None, bool]:
        later, now = (datetime(year, 1, 1, tzinfo=UTC) for year in (2027, 2029))
        found = retention.removable(later, Hold.OPEN, now=now, **options)
        return found.last - self.people, found.obstacle, found.has_more

    @pytest.fixture(autouse=True)
    def _log(self, hold):
        self.people = AuditLink.objects.count()
        write(2)
        self.hold = hold

    def test_ends_with_the_last_whole_action(self, staff):
        extend(staff, self.hold, at=OLD)
        write(1, at=datetime(2027, 1, 1, tzinfo=UTC))
        assert self.found() == (5, None, False)

    def test_ends_before_an_open_action(self, staff):
        begin_to_extend(staff, self.hold, at=OLD)
        obstacle = AuditEntry.objects.newest_first()[0].pk
        write(1)
        assert self.found() == (2, None, False)
        write(1, at=datetime(2028, 1, 1, tzinfo=UTC))
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
        ahead = datetime(2036, 1, 1, tzinfo=UTC)
        write(1, at=ahead)
        extend(staff, self.hold, at=OLD)
        write(1, at=ahead)
        assert self.found() == (6, None, False)
        assert retention.removable(ahead, Hold.OPEN, now=ahead).last - self.people == 2

    def test_an_action_across_the_end_stays(self, staff):
        begun = begin_to_extend(staff, self.hold, at=OLD)
        write(1)
        later = datetime(2028, 1, 1, tzinfo=UTC)
        trail.outcome(begun, outcome=trail.Outcome.OK, now=later)
        assert self.found()[0] == 2
