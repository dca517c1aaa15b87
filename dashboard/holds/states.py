"""Name the states of a hold. Other packages have them as ``Hold.State`` and ``Hold.OPEN``."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class State(TextChoices):
    """The stored state of a hold. *Live* is derived: held, with held-until still ahead."""

    PLACING = "placing", _("being placed")  # asked, no answer yet
    HELD = "held", _("held")
    UNCONFIRMED = "unconfirmed", _("unconfirmed")  # asked, and the answer never came
    REFUSED = "refused", _("refused")  # cal.com, or a rule, said no
    RELEASED = "released", _("released")
    BOOKED = "booked", _("booked")
    EXPIRED = "expired", _("expired")
    GONE = "gone", _("gone")  # cal.com no longer has it before its time
    LOST = "lost", _("lost")  # taken by someone else in the gap of an extend or a move


# The reason of a release that ends the hold as booked, because staff said so.
BOOKED_BY_STAFF = "booked"

OPEN = (State.PLACING, State.HELD, State.UNCONFIRMED)
