"""Read the register and the audit as plain data, which another process can send."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from dashboard.audit.models import AuditEntry
from dashboard.holds.models import Hold

HOLD = (
    "id",
    "state",
    "event_type_id",
    "slot_start",
    "reservation_uid",
    "held_until",
    "latest_end",
    "claim_id",
    "change",
    "stands_in_for_id",
    "holder_id",
)
ENTRY = tuple(field.attname for field in AuditEntry._meta.concrete_fields)


def read() -> dict[str, Any]:
    """Return all holds, and all entries about holds in the order of writing."""
    about_holds = AuditEntry.objects.exclude(action__in=("sign_in", "person_added"))
    raw = {
        "holds": list(Hold.objects.order_by("id").values(*HOLD)),
        "entries": list(about_holds.order_by("id").values(*ENTRY)),
    }
    plain: dict[str, Any] = json.loads(json.dumps(raw, cls=DjangoJSONEncoder))
    return plain
