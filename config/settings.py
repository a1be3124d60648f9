"""Django's settings. What an operator may choose is in config/env.py; this file only derives from it."""

import tomllib
from datetime import timedelta

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import env as environment
from config.connections import NOWHERE_LAYER, channel_layers, database, layer_prefix
from config.local.state import running_services
from config.logs import logging_config

# Lets generic Django classes be subscripted at run time, as the types are written.
django_stubs_ext.monkeypatch()

BASE_DIR = environment.BASE_DIR
ENV = environment.load()
LOCAL_SERVICES = running_services(ENV.BRIGADE_HOME)

DEBUG = ENV.DEBUG
SECRET_KEY = environment.secret_key(ENV)
ALLOWED_HOSTS = list(ENV.ALLOWED_HOSTS or environment.LOOPBACK_HOSTS)
TRUSTED_PROXIES = ENV.TRUSTED_PROXIES
CORS_ORIGINS = list(ENV.CORS_ORIGINS)
EVENT_RETENTION_DAYS = ENV.EVENT_RETENTION_DAYS
ORDER_QR_HOURS = ENV.ORDER_QR_HOURS
TRACKING_LINK_HOURS = ENV.TRACKING_LINK_HOURS
METRICS_TOKEN = ENV.METRICS_TOKEN
# Requests a second, and how many at once (orders.limits).
RATE_LIMITS = {
    "staff": (ENV.RATE_LIMIT_STAFF, 2 * ENV.RATE_LIMIT_STAFF),
    "device": (ENV.RATE_LIMIT_STAFF, 2 * ENV.RATE_LIMIT_STAFF),
    "guest": (ENV.RATE_LIMIT_GUESTS, 10 * ENV.RATE_LIMIT_GUESTS),
    "token": (5 * ENV.RATE_LIMIT_GUESTS, 50 * ENV.RATE_LIMIT_GUESTS),
    "address": (ENV.RATE_LIMIT_ADDRESS, 2 * ENV.RATE_LIMIT_ADDRESS),
}
BRIGADE_HOME = ENV.BRIGADE_HOME

# Applications -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",  # first, so that runserver is Daphne's
    "config.apps.BrigadeAdmin",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "orders",
    "kitchen",
    "realtime",
    "config.apps.ConfigApp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.statics.StaticFiles",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
            ],
        },
    },
]

# Data ---------------------------------------------------------------------------------------------

DATABASE_URL = ENV.DATABASE_URL or LOCAL_SERVICES.database_url
if DATABASE_URL is None and ENV.has_requests:
    environment.stop(environment.no_database(ENV.BRIGADE_HOME))
REDIS_URLS = ENV.REDIS_URL or (LOCAL_SERVICES.redis_url or NOWHERE_LAYER,)

DATABASES = {
    "default": database(
        DATABASE_URL,
        # A command that works alone needs one connection, and hears at once when there is none.
        pool_size=ENV.DATABASE_POOL_SIZE if ENV.has_requests else None,
        pool_timeout_seconds=ENV.DATABASE_POOL_TIMEOUT_SECONDS,
    ),
}
LAYER_PREFIX = ENV.BRIGADE_LAYER_PREFIX or layer_prefix(DATABASE_URL)
CHANNEL_LAYERS = channel_layers(REDIS_URLS, LAYER_PREFIX)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# An order of a hundred items is 20 KB; nothing that a restaurant sends is near this, but for pictures.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# A picture's body is read whole and bounded (config.handler): there is no need for a file to take it in.
FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
MEDIA_URL = "/media/"
MEDIA_ROOT = ENV.BRIGADE_HOME / "media"
STORAGES = {
    "default": {"BACKEND": ENV.MEDIA_STORAGE, "OPTIONS": ENV.MEDIA_STORAGE_OPTIONS},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# People -------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "orders.User"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Language and time --------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "templates" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files -------------------------------------------------------------------------------------

STATIC_URL = "/static/"
# Served from the apps' own folders: a new version needs no collecting, and nothing can be stale.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# API ----------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "config.problems.exception_handler",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "orders.api.auth.BearerAuthentication",
        "orders.api.auth.SessionStaffAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["orders.api.permissions.IsStaff"],
    "DEFAULT_RENDERER_CLASSES": ["orders.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["orders.api.parsers.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "config.operations.Operations",
    "UNAUTHENTICATED_USER": None,
    # `?format=` is a parameter like any other: unknown where an endpoint does not name it.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Brigade",
    "DESCRIPTION": "Restaurant orders and kitchen screens.",
    "VERSION": tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"],
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PREPROCESSING_HOOKS": ["config.schema.without_slashed"],
    "POSTPROCESSING_HOOKS": ["config.schema.complete"],
    # The pages take their scripts from this server: no kitchen depends on somebody else's.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(hours=12),
    "SIGNING_KEY": SECRET_KEY,
    # A changed password ends what was signed with the old one.
    "CHECK_REVOKE_TOKEN": True,
}

CORS_ALLOWED_ORIGINS = CORS_ORIGINS
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "if-match", "last-event-id"]
CORS_EXPOSE_HEADERS = ["etag", "location", "retry-after", "idempotency-replayed"]

# Security -----------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *ENV.MEDIA_ORIGINS],
        # Of the same origin, WebSockets included.
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not DEBUG
# One shift: a screen that hangs in the kitchen is not signed out over dinner.
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else int(timedelta(days=365).total_seconds())
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for other hosts of the domain: for their owner to decide
    "security.W008",  # TLS ends at the proxy, and so does the redirect to it
    "security.W021",  # HSTS preloading: for the owner of the domain to decide
]

# Logs ---------------------------------------------------------------------------------------------

LOGGING = logging_config(ENV.LOG_FORMAT, is_debug=DEBUG)
