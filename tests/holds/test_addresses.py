"""Addresses of calls: a prefix of cal.com's address, and uids of unusual characters."""

from typing import Any

from django.core.cache import cache
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.holds import lookup
from dashboard.holds.checks import Comparison
from dashboard.sandbox import Sandbox
from tests.accounts.cast import acting
from tests.holds import verbs
from tests.holds.observe import at_cal_com, in_register
from tests.holds.verbs import ALL, CONSULT, LATER, MONDAY, ONE

UNUSUAL_UID = "odd/+uid?#%41&=;,:@!$'()*~[]|^`{}\\\"<>"


def test_address_with_a_prefix(calcom: Sandbox, staff: User, settings: Any) -> None:
    settings.CALCOM_API_URL = f"{calcom.url}/api/"
    cache.clear()

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


def test_unusual_uid_is_one_segment_of_the_path(calcom: Sandbox, staff: User) -> None:
    calcom.insert_reservation(CONSULT, MONDAY, minutes=30, uid=UNUSUAL_UID)

    taken = lookup.take_in(uid=UNUSUAL_UID, by=acting(staff), now=timezone.now())

    assert taken is not None
    hold = taken.hold
    verbs.move(staff, hold)
    assert at_cal_com(calcom) == [(CONSULT, LATER, UNUSUAL_UID)]
    verbs.release(staff, hold)
    assert at_cal_com(calcom) == []
    assert UNUSUAL_UID not in repr(list(AuditEntry.objects.values()))
