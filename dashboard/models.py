"""Import the models of all packages, where Django looks for them."""
# ruff: noqa: F401

from dashboard.accounts.models import Preferences, SignInAttempts, User
from dashboard.audit.call_totals import CallTotals, ReadCount
from dashboard.audit.checkpoints import RenewedSignature
from dashboard.audit.logged_actions import LoggedAction
from dashboard.audit.models import AuditEntry, AuditLink, AuditPrune, EntryText, HoldText
from dashboard.audit.rollups import LogCount
from dashboard.audit.saved_searches import SavedSearch
from dashboard.calcom_state.models import StoredAnswer, Upstream
from dashboard.calendars.models import Calendar
from dashboard.holds.models import Hold, Offer
