"""URLs of the whole site. An unmarked view is for Staff and Admins."""

from django.urls import URLPattern, URLResolver, path

from dashboard.accounts.access import admins_only, public, wallboard_too
from dashboard.accounts.admin import people_site
from dashboard.accounts.passwords import PasswordChange
from dashboard.accounts.views import SignIn, SignOut, keep_form, own_settings, sign_out_everywhere
from dashboard.edge import echo, health, icon
from dashboard.pages import (
    audit_log,
    audit_retention,
    board,
    board_actions,
    calendars,
    clients,
    ended,
    erase,
    first_free,
    hold,
    look_up,
    move,
    offer,
    place,
    release,
    saved_searches,
    wallboard,
    warnings,
)
from dashboard.pages.choices import event_type_choices

handler400 = "dashboard.edge.errors.bad_request"
handler404 = "dashboard.edge.errors.not_found"
handler500 = "dashboard.pages.server_error.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    # Middleware answers these before any view; the paths give them a name.
    path("livez", public(health.live), name="livez"),
    path("readyz", public(health.ready), name="readyz"),
    path("proxy-check", public(echo.not_found), name="proxy-check"),
    path("favicon.ico", public(icon.favicon), name="favicon"),
    path("accounts/login/", public(SignIn.as_view()), name="login"),
    path("accounts/logout/", public(SignOut.as_view()), name="logout"),
    path("accounts/password/", PasswordChange.as_view(), name="password"),
    path("accounts/keep", keep_form, name="keep-form"),
    path("settings/sign-out-everywhere", sign_out_everywhere, name="sign-out-everywhere"),
    path("settings/", own_settings, {"event_types": event_type_choices}, name="settings"),
    path("", board.show, name="board"),
    path("board", board.poll, name="board-rows"),
    path("board/calendar", board_actions.choose_calendar, name="board-calendar"),
    path("past", ended.find_past, name="past"),
    path("clients", clients.known_clients, name="clients"),
    path("wallboard", wallboard_too(wallboard.show), name="wallboard"),
    path("wallboard/rows", wallboard_too(wallboard.poll), name="wallboard-rows"),
    path("check", board_actions.check_many, name="check-many"),
    path("extend", board_actions.extend_many, name="extend-many"),
    path("warnings", warnings.poll, name="warnings"),
    path("look-up/poll", look_up.poll, name="look-up-poll"),
    path("look-up", look_up.look_up, name="look-up"),
    path("holds/new/times", place.poll_times, name="place-times"),
    path("holds/new", place.place, name="place"),
    path("holds/first", first_free.first_free, name="first-free"),
    path("holds/<int:pk>/", hold.show, name="hold"),
    path("holds/<int:pk>/poll", hold.poll, name="hold-poll"),
    path("holds/<int:pk>/put-aside", board_actions.put_hold_aside, name="hold-put-aside"),
    path("holds/<int:pk>/check", hold.check, name="hold-check"),
    path("holds/<int:pk>/client", hold.change_client, name="hold-client"),
    path("holds/<int:pk>/extend", hold.extend, name="hold-extend"),
    path("holds/<int:pk>/move", move.move, name="hold-move"),
    path("holds/<int:pk>/move/times", move.poll_times, name="move-times"),
    path("holds/<int:pk>/move/poll", move.poll, name="move-poll"),
    path("holds/<int:pk>/release", release.release, name="hold-release"),
    path("release/poll", release.poll, name="release-poll"),
    path("release", release.release_many, name="release-many"),
    path("holds/<int:pk>/take-over", hold.take_over, name="hold-take-over"),
    path("holds/<int:pk>/erase", admins_only(erase.erase), name="hold-erase"),
    path("offers/new", offer.create, name="offer-new"),
    path("offers/<int:pk>/", offer.show, name="offer"),
    path("offers/<int:pk>/poll", offer.poll, name="offer-poll"),
    path("offers/<int:pk>/keep", offer.keep, name="offer-keep"),
    path("audit/", admins_only(audit_log.show), name="audit"),
    path("audit/<int:pk>/", admins_only(audit_log.show_entry), name="audit-entry"),
    path("audit/news", admins_only(audit_log.news), name="audit-news"),
    path("audit/pictures", admins_only(audit_log.show_pictures), name="audit-pictures"),
    path("audit/verify", admins_only(audit_log.verify), name="audit-verify"),
    path("audit/retention", admins_only(audit_retention.show), name="audit-retention"),
    path("audit/export", admins_only(audit_log.export_log), name="audit-export"),
    path("audit/searches/", admins_only(saved_searches.searches), name="audit-searches"),
    path("audit/searches/<int:pk>/", admins_only(saved_searches.search), name="audit-search"),
    path(
        "audit/searches/others", admins_only(saved_searches.others), name="audit-searches-of-others"
    ),
    path(
        "audit/<int:pk>/put-aside",
        admins_only(board_actions.put_finding_aside),
        name="finding-put-aside",
    ),
    path("calendars/", admins_only(calendars.calendars), name="calendars"),
    path("calendars/<int:pk>/", admins_only(calendars.calendar), name="calendar"),
    path(
        "calendars/<int:pk>/position",
        admins_only(calendars.calendar_position),
        name="calendar-position",
    ),
    path(
        "calendars/<int:pk>/remove", admins_only(calendars.calendar_remove), name="calendar-remove"
    ),
    path("admin/", people_site.urls),
]
