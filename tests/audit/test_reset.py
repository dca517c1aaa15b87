"""Reset of the database between tests."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection

from dashboard.audit import trail, triggers
from dashboard.audit.models import AuditEntry

NOON = datetime(2025, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "second"])
def test_transactional_test_starts_with_an_empty_log_and_migrated_data(turn):
    assert AuditEntry.objects.count() == 0
    assert set(Group.objects.values_list("name", flat=True)) == {"Staff", "Admins", "Wallboard"}
    assert ContentType.objects.filter(app_label="dashboard", model="auditentry").count() == 1
    assert Permission.objects.filter(content_type__app_label="dashboard").exists()
    assert triggers.faulty_triggers(connection) == []
    trail.event(action=AuditEntry.Action.EXPIRE, by=None, now=NOON)
    with pytest.raises(IntegrityError, match=triggers.REFUSAL), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {triggers.TABLE}")
