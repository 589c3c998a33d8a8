"""Django settings. In production DEBUG is unset. docs/operations.md lists all environment variables."""

import logging
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import development, release
from config.env import Env, email_config, metrics_dir, postgres_config, presence_cache
from config.logs import logging_config
from jobs.conf import PROCESSES, THREADS, q_cluster

BASE_DIR = Path(__file__).resolve().parent.parent
COMMIT = release.commit(BASE_DIR)
VERSION = release.version(COMMIT)
"""This release. It appears in `manage.py doctor`, the menu, Sentry, dumps, and the User-Agent of calls to providers."""
env = Env()

DEBUG = env.flag("DEBUG")
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ",".join(LOOPBACK) if DEBUG else "")
if DEBUG and not set(ALLOWED_HOSTS) <= set(LOOPBACK):
    raise ImproperlyConfigured(
        "DEBUG is for this machine only. Unset DEBUG, or remove other hosts from ALLOWED_HOSTS."
    )

SECRET_KEY = env.text("SECRET_KEY") or (development.secret("secret_key") if DEBUG else "")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or SECRET_KEY.startswith("django-insecure-"):
    raise ImproperlyConfigured(
        "SECRET_KEY must be at least 50 random characters. Make one with: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))". On your own machine set DEBUG=1 instead.'
    )
FIELD_ENCRYPTION_KEYS = env.words("FIELD_ENCRYPTION_KEYS") or (
    [development.fernet_key("field_encryption_key")] if DEBUG else []
)
if not FIELD_ENCRYPTION_KEYS or not all(map(development.is_fernet_key, FIELD_ENCRYPTION_KEYS)):
    raise ImproperlyConfigured(
        "FIELD_ENCRYPTION_KEYS must list Fernet keys, newest first, separated by commas. Make one with: "
        'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())".'
    )

# --- applications --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "axes",
    "csp",
    "jobs",
    "django_q",
    "integrations",
    "inbox",
    "insights",
    "api",
    "admin",
    "training",
    *(["demo"] if DEBUG else []),
]
MIDDLEWARE = [
    "config.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.PermissionsPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "config.pages.PageDatabaseMiddleware",  # must come before every middleware that queries the database
    "config.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.LoginMiddleware",
    "config.middleware.FormAddressMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "inbox.pages.context_processors.shell",
            ],
            "builtins": ["inbox.pages.templatetags.holdfast", "inbox.pages.templatetags.desk"],
        },
    }
]

# --- database: PostgreSQL, embedded unless DATABASE_URL names one --------------------------------------------------
EMBEDDED_POSTGRES = not env.text("DATABASE_URL")
if EMBEDDED_POSTGRES and not DEBUG:
    raise ImproperlyConfigured(
        "DATABASE_URL is not set. Give a postgres:// URL, or set DEBUG=1 for the embedded server."
    )
if EMBEDDED_POSTGRES:
    from demo.postgres import embedded_url

    DATABASES = {"default": postgres_config(embedded_url())}
else:
    DATABASES = {"default": postgres_config(env.text("DATABASE_URL"))}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    # With PgBouncer in transaction mode, the next statement may run on another connection, which does not have the
    # server-side cursor.
    "DISABLE_SERVER_SIDE_CURSORS": True,
    "TEST": {"NAME": "test_holdfast" + env.text("PYTEST_DB_SUFFIX")},
}
for option, value in {
    "connect_timeout": "3",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "holdfast",
}.items():
    DATABASES["default"]["OPTIONS"].setdefault(option, value)
WAKE_DATABASE_URL = env.text("WAKE_DATABASE_URL")
WAKE_DATABASE = postgres_config(WAKE_DATABASE_URL, "WAKE_DATABASE_URL") if WAKE_DATABASE_URL else None
if WAKE_DATABASE:
    WAKE_DATABASE["OPTIONS"] = DATABASES["default"]["OPTIONS"] | WAKE_DATABASE["OPTIONS"]
PAGE_STATEMENT_TIMEOUT_MS = env.number("PAGE_STATEMENT_TIMEOUT_MS", 5_000, 100, 60_000)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "inbox.User"
PUBLIC_URL = env.url("PUBLIC_URL", "http://127.0.0.1:8000" if DEBUG else "")
OIDC_ISSUER = env.url("OIDC_ISSUER", schemes=("http", "https") if DEBUG else ("https",))
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
OIDC_ONLY = env.flag("OIDC_ONLY")
if any((OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ONLY)) and not all(
    (OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, PUBLIC_URL)
):
    raise ImproperlyConfigured(
        "The company login needs OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and PUBLIC_URL. Set all four, or "
        "remove those that begin with OIDC_."
    )
# A session is bound to the authentication backend that created it, so OIDC_ONLY ends all sessions that began with a
# password.
PASSWORD_BACKEND = (
    "inbox.workspaces.log_in.EmergencyBackend" if OIDC_ONLY else "django.contrib.auth.backends.ModelBackend"
)
COMPANY_BACKEND = "inbox.workspaces.log_in.CompanyBackend"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", PASSWORD_BACKEND, COMPANY_BACKEND]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
OPERATORS_WITHOUT_SECOND_FACTOR = env.flag("OPERATORS_WITHOUT_SECOND_FACTOR")
OPERATORS_NEED_FACTOR = not (DEBUG or OPERATORS_WITHOUT_SECOND_FACTOR)
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_HANDLER = "inbox.workspaces.throttling.Throttle"
AXES_CLIENT_IP_CALLABLE = "inbox.workspaces.throttling.guess_source"
AXES_USERNAME_CALLABLE = "inbox.workspaces.throttling.account_name"
AXES_USERNAME_FORM_FIELD = "username"
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_SENSITIVE_PARAMETERS = [
    *("username", "ip_address", "email", "old_password", "new_password1", "new_password2", "code", "proof"),
    "csrfmiddlewaretoken",
]
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False  # admin/operators.py registers the admin pages of django-axes instead

# --- web -----------------------------------------------------------------------------------------------------------
TRUSTED_PROXY = env.number("TRUSTED_PROXY", 0, 0, 10)
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz/?$", r"^readyz/?$", r"^metrics/?$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD")
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # the owner of the domain decides about HSTS preload
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_AGE = 3600 * env.number("SESSION_IDLE_HOURS", 336, 1, 2160)
SESSION_MAX_DAYS = env.number("SESSION_MAX_DAYS", 90, 1, 365)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "script-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or BASE_DIR / ".local" / "static").absolute()
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "config.static.Storage"
    },
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
LANGUAGE_CODE = "en-us"
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.access.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.access.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "inbox.webhooks.schema.Schema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Holdfast",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "PREPROCESSING_HOOKS": ["inbox.webhooks.schema.one_address_each"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}
globals().update(email_config(env.text("EMAIL_URL"), debug=DEBUG))

# --- background work -----------------------------------------------------------------------------------------------
Q_BROKER_URL = env.url("Q_BROKER_URL", schemes=("redis", "rediss"))
PRESENCE_DIR = env.text("PRESENCE_DIR")  # config/gunicorn.py sets this directory
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "presence": presence_cache(Q_BROKER_URL, PRESENCE_DIR),
}
WORKER_PROCESSES = env.number("WORKER_PROCESSES", PROCESSES, 1, 64)
WORKER_THREADS = env.number("WORKER_THREADS", THREADS, 1, 128)
Q_CLUSTER = q_cluster(Q_BROKER_URL, workers=WORKER_PROCESSES)
CRON_SECRET = env.text("CRON_SECRET")
METRICS_TOKEN = env.text("METRICS_TOKEN")
METRICS_DIR = env.text("PROMETHEUS_MULTIPROC_DIR")
if METRICS_DIR or METRICS_TOKEN:
    METRICS_DIR = metrics_dir(METRICS_DIR, release=BASE_DIR)
HEARTBEAT_URL = env.url("HEARTBEAT_URL", schemes=("https",))

# --- providers -----------------------------------------------------------------------------------------------------
ALLOW_LOOPBACK_PROVIDERS = env.flag("ALLOW_LOOPBACK_PROVIDERS")
if ALLOW_LOOPBACK_PROVIDERS and not DEBUG:
    raise ImproperlyConfigured(
        "ALLOW_LOOPBACK_PROVIDERS is only for the demo and tests. Unset it, or set DEBUG=1."
    )
# Extra hosts at which providers may be called, such as emailbison=send.example.com@<workspace id>.
PROVIDER_HOSTS = env.provider_hosts("PROVIDER_HOSTS")
EMAILBISON_BASE_URL = env.url("EMAILBISON_BASE_URL")
EMAILBISON_TIMEOUT_MS = env.number("EMAILBISON_TIMEOUT_MS", 30_000, 1_000, 120_000)
EMAILBISON_MAX_RETRIES = env.number("EMAILBISON_MAX_RETRIES", 2, 0, 5)
UNIPILE_DSN = env.url("UNIPILE_DSN")
UNIPILE_API_KEY = env.text("UNIPILE_API_KEY")
GHL_BASE_URL = env.url("GHL_BASE_URL", "https://services.leadconnectorhq.com")
GHL_TIMEOUT_MS = env.number("GHL_TIMEOUT_MS", 15_000, 1_000, 120_000)
GHL_APP_PUBLIC_KEY = env.text("GHL_APP_PUBLIC_KEY")
CLAY_LINKEDIN_TABLE_WEBHOOK_URL = env.url("CLAY_LINKEDIN_TABLE_WEBHOOK_URL")
CLAY_PHONE_TABLE_WEBHOOK_URL = env.url("CLAY_PHONE_TABLE_WEBHOOK_URL")
CLAY_TIMEOUT_MS = env.number("CLAY_TIMEOUT_MS", 10_000, 1_000, 60_000)
CLAY_CALLBACK_SECRET = env.text("CLAY_CALLBACK_SECRET")
CLAY_CALLBACK_USE_HMAC = env.flag("CLAY_CALLBACK_USE_HMAC")
CALENDLY_WEBHOOK_SIGNING_KEY = env.text("CALENDLY_WEBHOOK_SIGNING_KEY")
SLACK_BASE_URL = env.url("SLACK_BASE_URL", "https://slack.com/api")
SLACK_BOT_TOKEN = env.text("SLACK_BOT_TOKEN")
SLACK_SIGNING_SECRET = env.text("SLACK_SIGNING_SECRET")
SLACK_TIMEOUT_MS = env.number("SLACK_TIMEOUT_MS", 8_000, 1_000, 60_000)
OPENAI_BASE_URL = env.url("OPENAI_BASE_URL", "https://api.openai.com/v1")
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_DRAFT_TIMEOUT_MS = env.number("OPENAI_DRAFT_TIMEOUT_MS", 120_000, 5_000, 120_000)
AUTO_SEND_DISABLED = env.flag("AUTO_SEND_DISABLED")
RULE_WEIGHTS_DIR = env.text(
    "RULE_WEIGHTS_DIR"
)  # the directory with the installation's own rule weights (inbox.understanding.installed_weights)
INSIGHTS_CONTEXT_PACK_CRON_LIMIT = env.number("INSIGHTS_CONTEXT_PACK_CRON_LIMIT", 3, 1, 20)
INSIGHTS_CONTEXT_PACK_CRON_BATCH = env.number("INSIGHTS_CONTEXT_PACK_CRON_BATCH", 15, 1, 15)
INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT = env.number("INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT", 10, 1, 50)
INSIGHTS_CONTEXT_PACK_LEAD_CONCURRENCY = env.number("INSIGHTS_CONTEXT_PACK_LEAD_CONCURRENCY", 4, 1, 8)

SENTRY_DSN = env.text("SENTRY_DSN")
LOGGING = logging_config(DEBUG, sentry_dsn=SENTRY_DSN, release=VERSION)
logging.captureWarnings(True)
