"""Addresses of calls where cal.com's own has a prefix."""

from typing import Any

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds.checks import Comparison
from dashboard.sandbox import Sandbox
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register
from tests.holds.verbs import ALL, ONE
from tests.kept import forget_kept


def test_address_with_a_prefix(calcom: Sandbox, staff: User, settings: Any) -> None:
    settings.CALCOM_API_URL = f"{calcom.url}/api/"
    forget_kept()

    hold = verbs.place(staff)
    verbs.extend(staff, hold)
    verbs.move(staff, hold)

    assert verbs.check(staff, hold).comparison is Comparison.SAME
    assert at_cal_com(calcom) == in_register(hold)
    verbs.release(staff, hold)
    assert at_cal_com(calcom) == []
    assert {call.route for call in calcom.calls("PATCH")} == {ONE}
    logged = AuditEntry.objects.exclude(path="").values_list("path", flat=True)
    assert set(logged) == {ALL, ONE}  # path templates without the prefix
