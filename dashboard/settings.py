"""Django settings, read from environment variables.

Every variable is read here and nowhere else, and documented in the README. PUBLIC_URL sets
everything that depends on the address people type.
"""

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from dashboard.edge import setting_readers as parse
from dashboard.edge.environment import read
from dashboard.edge.log_format import add_request_id, log_format, warn_of_refusal
from dashboard.edge.proxies import TrustedProxies, trusted_proxies
from dashboard.edge.public_address import public_address

BASE_DIR = Path(__file__).resolve().parent.parent
MAX_MINUTES = 7 * 24 * 60  # a week; anything longer should be a booking

# --- Environment -----------------------------------------------------------------------------

DEBUG = read("DEBUG", parse.flag, default=False)
SECRET_KEY = read("SECRET_KEY", parse.secret, remedy="Give it 50 random characters.")
PUBLIC_ADDRESS = read(
    "PUBLIC_URL",
    public_address,
    default=public_address("http://127.0.0.1:8000") if DEBUG else None,
    remedy="Give it the address people type, such as https://desk.example.org/holds.",
)
DATABASES: dict[str, dict[str, Any]] = {
    "default": read(
        "DATABASE_URL", parse.database(BASE_DIR), default=parse.sqlite(BASE_DIR / "db.sqlite3")
    )
}
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    # For SQLite's own files, without which it cannot insert: a container may have no writable /tmp.
    os.environ.setdefault("SQLITE_TMPDIR", str(Path(DATABASES["default"]["NAME"]).parent))
TRUSTED_PROXIES = read("TRUSTED_PROXIES", trusted_proxies, default=TrustedProxies())
LOG_FORMAT = read("LOG_FORMAT", log_format, default="plain")
METRICS_ALLOWED = read(
    "METRICS_ALLOWED", trusted_proxies, default=trusted_proxies("127.0.0.0/8 ::1")
)
CALCOM_API_KEY = read("CALCOM_API_KEY", parse.calcom_key, remedy="Make one at cal.com.")
CALCOM_API_URL = read("CALCOM_API_URL", parse.calcom_url, default="https://api.cal.com")
OFFICE_TIME_ZONE = read("OFFICE_TIME_ZONE", parse.time_zone, default="UTC")
HOLD_MINUTES_MAX = read("HOLD_MINUTES_MAX", parse.whole_number(1, MAX_MINUTES), default=120)
HOLD_MINUTES = read(
    "HOLD_MINUTES", parse.whole_number(1, HOLD_MINUTES_MAX), default=min(15, HOLD_MINUTES_MAX)
)
WALLBOARD_CLIENT_NAMES = read("WALLBOARD_CLIENT_NAMES", parse.flag, default=False)
STAFF_MAY_TAKE_OVER = read("STAFF_MAY_TAKE_OVER", parse.flag, default=False)
SESSION_IDLE_MINUTES = read(
    "SESSION_IDLE_MINUTES", parse.whole_number(5, MAX_MINUTES), default=12 * 60
)
SESSION_MAX_HOURS = read("SESSION_MAX_HOURS", parse.whole_number(1, 90 * 24), default=7 * 24)
# 0 keeps all.
AUDIT_RETENTION_DAYS = read("AUDIT_RETENTION_DAYS", parse.whole_number(90, 100 * 366), default=0)
REMOTE_USER_HEADER = read("REMOTE_USER_HEADER", parse.header, default="")
REMOTE_GROUPS_HEADER = read("REMOTE_GROUPS_HEADER", parse.header, default="")
REMOTE_GROUPS: dict[str, str] = read("REMOTE_GROUPS", parse.roles_of_groups, default={})
REMOTE_SIGN_OUT_URL = read("REMOTE_SIGN_OUT_URL", parse.sign_out_address, default="")
STATIC_ROOT = read("STATIC_ROOT", parse.folder, default=BASE_DIR / ".static")
# gunicorn reads it too, but starts without processes for 0 and fails with a traceback for a word.
WEB_CONCURRENCY = read("WEB_CONCURRENCY", parse.whole_number(1, 64), default=1)

if DEBUG and not PUBLIC_ADDRESS.is_loopback:
    raise ImproperlyConfigured(
        "DEBUG shows the inside of the program to everyone who can reach PUBLIC_URL,"
        " so it works only where that is this machine itself."
    )

if contradiction := parse.contradiction(
    user_header=REMOTE_USER_HEADER,
    groups_header=REMOTE_GROUPS_HEADER,
    groups=REMOTE_GROUPS,
    trusted=TRUSTED_PROXIES,
):
    raise ImproperlyConfigured(contradiction)

# --- Public address --------------------------------------------------------------------------

ALLOWED_HOSTS = PUBLIC_ADDRESS.hosts
CSRF_TRUSTED_ORIGINS = [PUBLIC_ADDRESS.origin]
FORCE_SCRIPT_NAME = PUBLIC_ADDRESS.prefix or None
STATIC_URL = f"{PUBLIC_ADDRESS.prefix}/static/"
SESSION_COOKIE_NAME = PUBLIC_ADDRESS.cookie_name("session")
CSRF_COOKIE_NAME = PUBLIC_ADDRESS.cookie_name("csrf")
LANGUAGE_COOKIE_NAME = PUBLIC_ADDRESS.cookie_name("language")  # never set, only looked for
LAST_USER_COOKIE_NAME = PUBLIC_ADDRESS.cookie_name("last_user")
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = PUBLIC_ADDRESS.cookie_path
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_ADDRESS.is_https
# Sent over https only, and for this host only: sub-domains may belong to other sites.
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PUBLIC_ADDRESS.is_https else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for sub-domains: as above
    "security.W021",  # HSTS preload: as above
    "security.W008",  # https_only redirects to https, without a loop behind any proxy
    *("security.W004", "security.W010", "security.W016"),  # edge.W004 names PUBLIC_URL instead
]

# --- Application -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "dashboard",  # first: its commands override Django's of the same name
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django.forms",  # last: templates/django/forms overrides its templates
]
MIDDLEWARE = [
    "dashboard.edge.middleware.no_body_for_head",
    "dashboard.edge.middleware.health_probes",  # before host checks, redirects and sign-in
    "dashboard.metrics.scrapes",
    "dashboard.edge.middleware.forwarded_headers",
    "dashboard.edge.middleware.request_id",
    "dashboard.edge.middleware.network_faults",
    "dashboard.edge.middleware.clean_input",
    "dashboard.edge.middleware.response_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below the static files, which are no documents: a visit loads twenty of them.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "dashboard.edge.middleware.short_redirects",
    "dashboard.edge.echo.proxy_check",  # before host checks and redirects, which it examines
    "django.middleware.gzip.GZipMiddleware",
    "dashboard.edge.database.BestEffortSessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",  # the browser's language
    "dashboard.edge.middleware.https_only",
    "dashboard.edge.middleware.own_host",  # before anything asks for the host
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.accounts.remote_user.sign_in_by_proxy",
    "dashboard.accounts.middleware.localization",  # the person's own language and time zone
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.edge.middleware.method_not_allowed",
    "dashboard.accounts.middleware.AccessMiddleware",  # checks every view's access policy
]
ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "dashboard.pages.template_loader.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.pages.context.office",
            ],
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Static files ----------------------------------------------------------------------------

STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False

# --- People, sessions and browsers -----------------------------------------------------------

AUTH_USER_MODEL = "dashboard.User"
AUTHENTICATION_BACKENDS = ["dashboard.accounts.backend.Backend"]  # sessions store this path
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "board"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of imported people
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = SESSION_MAX_HOURS * 3600  # accounts.sessions ends idle ones before
CSRF_COOKIE_HTTPONLY = True  # as Django's default for sessions
CSRF_FAILURE_VIEW = "dashboard.accounts.csrf.failure"  # saves the form for after the next sign-in
# Messages name clients, and a cookie would carry them in clear text.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Own files only, nothing inline.
# https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Content-Security-Policy
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],  # also for the worker of js/clock.js
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"  # with no-referrer, browsers send "Origin: null"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024  # bytes; a board of 5000 holds sends 155,000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # the board has a box and a version for each hold
FILE_UPLOAD_HANDLERS: list[str] = []  # no page takes a file, so uploads are dropped

# --- Language and time -----------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # each named in itself
# The second has the words of Django's forms, also in English.
LOCALE_PATHS = [BASE_DIR / "dashboard" / "locale", BASE_DIR / "dashboard" / "django_words"]
TIME_ZONE = OFFICE_TIME_ZONE  # of pages and forms; the database stores UTC

# --- Log -------------------------------------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER_FILTER = "dashboard.edge.errors.RedactingReporterFilter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "dashboard.edge.log_format.JsonFormatter"},
        "plain": {
            "()": "dashboard.edge.log_format.OneLineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": [warn_of_refusal, add_request_id],
            "formatter": LOG_FORMAT,
        }
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        "django": {"level": "INFO", "handlers": []},
        "django.server": {"level": "INFO", "handlers": [], "propagate": True},  # runserver
        # This logs SQL statements with their values.
        "django.db.backends": {"level": "WARNING"},
        # This logs all values of a page where one is missing.
        "django.template": {"level": "INFO"},
    },
}
