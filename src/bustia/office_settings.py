"""Django's settings of the Virtual Office: sessions, cookies, headers, passwords, static files."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bustia.instance import instance as _instances
from bustia.instance.config import OfficeConfig

_open = _instances.opened()
_office = _open.config.office if _open else OfficeConfig()
_url = urlsplit(_open.office_url if _open else "http://testserver")
_secure = _url.scheme == "https"
_FOLDER = Path(__file__).parent / "office"

LOCALE_PATHS = [_FOLDER / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 86_400

ROOT_URLCONF = "bustia.office.urls"
WSGI_APPLICATION = "bustia.office.wsgi.application"
ALLOWED_HOSTS = sorted({_url.hostname or "localhost", "localhost", "127.0.0.1"})
CSRF_TRUSTED_ORIGINS = [f"{_url.scheme}://{_url.netloc}"]
AUTH_USER_MODEL = "office.Account"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "bustia.office.middleware.NoStore",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "bustia.office.middleware.IdleSession",
    "bustia.office.middleware.Language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_FOLDER / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "bustia.office.context.office",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django.templatetags.l10n",
                "bustia.office.templatetags.office",
            ],
            "string_if_invalid": "",
        },
    }
]
FORM_RENDERER = "bustia.office.forms.Renderer"

# Sessions: half an hour of rest ends one, twelve hours any (OWASP ASVS 3.3.2).
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 30 * 60
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _secure
SESSION_COOKIE_NAME = "__Host-session" if _secure else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if _secure else "csrf"
CSRF_FAILURE_VIEW = "bustia.office.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _office.trusted_proxies else None
SECURE_SSL_REDIRECT = False  # the proxy's: behind it, every request is plain
SECURE_HSTS_SECONDS = 2 * 365 * 86_400 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True  # of the Office's own host: not of the company's domain
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

PASSWORD_HASHERS = ["bustia.office.hashers.Argon2id"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email",)},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "bustia.office.passwords.NotPaddedValidator"},
    {"NAME": "bustia.office.passwords.NotTheCompanyValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "office:start"

STATIC_URL = "/static/"
STATIC_ROOT = (_open.path if _open else Path("/nonexistent")) / "web" / "static"
STATICFILES_DIRS = [_open.path / "web" / "prepared"] if _open else []
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# django-allauth: second factors, recovery, sessions; the pages and words are ours.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
# Behind a proxy all customers have one address to the library: ours count (office/limits.py).
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "5/300s/key"}
MFA_RATE_LIMITS: dict[str, str | None] = {"webauthn_login": None}
ACCOUNT_ADAPTER = "bustia.office.adapter.Accounts"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ADAPTER = "bustia.office.second_factor.SecondFactors"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _secure  # of a demonstration on this machine
