"""Django's settings. What an operator may set comes by environment and is read in ``home``."""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from tandem.kernel import logs
from tandem.project.environment import flag, number, words
from tandem.project.home import Home

HOME = Home.from_environment()

DEBUG = flag("TANDEM_DEBUG", default=False)
SECRET_KEY = HOME.secret_key()
PUBLIC_URL = HOME.public_url
# The edge in front hands on the host it was asked for; who wants to pin it names the hosts.
ALLOWED_HOSTS = words("TANDEM_ALLOWED_HOSTS", default=["*"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []

ROOT_URLCONF = "tandem.project.urls"
WSGI_APPLICATION = "tandem.project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

INSTALLED_APPS = [
    "tandem.kernel",
    "tandem.ui",
    "tandem.accounts",
    "tandem.records",
    "tandem.lake",
    "tandem.measures",
    "tandem.timeline",
    "tandem.people",
    "tandem.consent",
    "tandem.capture",
    "tandem.segments",
    "tandem.delivery",
    "tandem.notifications",
    "tandem.campaigns",
    "tandem.handoff",
    "tandem.deals",
    "tandem.revenue",
    "tandem.insight",
    "tandem.api",
    "tandem.web",
    "tandem.project",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "django_htmx",
    "ninja",
    "pgtrigger",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "tandem.ui.middleware.TraceMiddleware",
    "tandem.ui.middleware.CompressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tandem.accounts.middleware.ActorMiddleware",
    "tandem.ui.middleware.RefusalMiddleware",
]

# --- database ---------------------------------------------------------------------------------


def _database(**options: Any) -> dict[str, Any]:
    settings: dict[str, Any] = dict(dj_database_url.parse(HOME.database_url))
    settings.update(options)
    settings.setdefault("OPTIONS", {})
    return settings


DATABASES = {
    "default": _database(
        CONN_HEALTH_CHECKS=True,
        OPTIONS={"pool": {"min_size": 1, "max_size": 16, "timeout": 10}},
    ),
    # A second connection, so that progress is seen while the job's transaction is open.
    "progress": _database(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True, TEST={"MIRROR": "default"}),
}
MIGRATION_MODULES: dict[str, str] = {}

# --- jobs -------------------------------------------------------------------------------------

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

# --- people who sign in -----------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tandem.accounts.views.sign_in.AccountAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
PASSWORD_RESET_TIMEOUT = 4 * 3600
ACCOUNT_SESSION_REMEMBER = True
# The edge writes down whom it heard; with proxies in front of it, whom the last of them heard.
ALLAUTH_TRUSTED_PROXY_COUNT = 2 if words("TANDEM_TRUSTED_PROXIES", default=[]) else 1
MFA_ADAPTER = "tandem.accounts.views.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tandem"
MFA_TOTP_TOLERANCE = 1
# Browsers allow passkeys without TLS on localhost only, so this opens nothing else.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PUBLIC_URL.startswith("https://")
# The room `delivery` is the only way out: every mail goes into its ledger first.
EMAIL_BACKEND = "tandem.delivery.backend.LedgerBackend"
SMTP_URL = HOME.smtp_url or ""

SESSION_ENGINE = "tandem.kernel.sessions"
SESSION_COOKIE_NAME = "tandem_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
CSRF_COOKIE_NAME = "tandem_csrf"
CSRF_FAILURE_VIEW = "tandem.ui.error_pages.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
USE_X_FORWARDED_HOST = True
# Nobody frames our pages, but the demo's walk: it shows both sides of the seam beside each other.
TANDEM_DEMO = flag("TANDEM_DEMO", default=False)
X_FRAME_OPTIONS = "SAMEORIGIN" if TANDEM_DEMO else "DENY"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "kernel_cache",
    },
    # Counters that need not agree between processes, such as the rate of an API token.
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "process",
    },
}

# --- pages ------------------------------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tandem.ui.shell.shell",
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "tandem.ui.templatetags.ui",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
        },
    }
]
COTTON_ISOLATE_BY_DEFAULT = True
TANDEM_GALLERY = flag("TANDEM_GALLERY", default=DEBUG)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [SELF if TANDEM_DEMO else NONE],
        "object-src": [NONE],
    }
}

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served straight from the package: no collectstatic, nothing to forget after an update.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 31_536_000 if not DEBUG else 0
MEDIA_ROOT = HOME.files_dir
# Outside of database and archive: what was erased stays so when an older archive is restored.
ERASURE_LEDGER = HOME.erasure_ledger

# --- events -----------------------------------------------------------------------------------

# Events go from the table that takes them to files: so many, or the oldest so many minutes old.
LAKE_FLUSH_EVENTS = number("TANDEM_LAKE_FLUSH_EVENTS", default=20_000)
LAKE_FLUSH_MINUTES = number("TANDEM_LAKE_FLUSH_MINUTES", default=60)
# Days after which events go for good; 25 months is what data protection authorities recommend.
LAKE_KEEP_DAYS = number("TANDEM_LAKE_KEEP_DAYS", default=760)
# What a process may use to read or write files of events, and where the rest of it goes meanwhile.
LAKE_MEMORY = os.environ.get("TANDEM_LAKE_MEMORY", "1GB")
LAKE_SPILL = HOME.run_dir / "lake"

# --- language and time ------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", _("English"))]
LOCALE_PATHS = [Path(__file__).resolve().parent.parent / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = logs.configuration(level="DEBUG" if DEBUG else "INFO")
