"""Settings of the control, which a new project would have."""

import os
from urllib.parse import urlsplit

_url = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path.lstrip("/"),
        "USER": _url.username,
        "HOST": _url.hostname,
        "PORT": _url.port,
        "OPTIONS": {"connect_timeout": 5},
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}
INSTALLED_APPS = ["tests.control"]
ROOT_URLCONF = "tests.control.views"
WSGI_APPLICATION = "tests.control.wsgi.application"
ALLOWED_HOSTS = ["*"]
SECRET_KEY = "not a secret: the control has no log-in"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

EMAILBISON_URL = os.environ.get("EMAILBISON_URL", "")
UNIPILE_URL = os.environ.get("UNIPILE_URL", "")
OPENAI_URL = os.environ.get("OPENAI_URL", "")
FETCH_S = float(os.environ.get("FETCH_S", "15"))
"""The predecessor's limit for a call to a provider."""
DRAFT_S = float(os.environ.get("DRAFT_S", "30"))
"""The predecessor's limit for a draft."""
