"""The product's settings, with the few values that a test run needs and no production would want."""

import os

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("ALLOW_LOOPBACK_PROVIDERS", "1")
os.environ.setdefault("EMAILBISON_BASE_URL", "https://mail.emailbison.com")
os.environ.setdefault("CRON_SECRET", "cron-secret-of-the-tests")

from config.settings import *  # noqa: F403
from config.settings import EMBEDDED_POSTGRES

if EMBEDDED_POSTGRES:
    from demo import postgres

    postgres.ensure_running()

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
WHITENOISE_AUTOREFRESH = True  # finders serve the files: nothing has to be collected first
