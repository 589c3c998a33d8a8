#!/usr/bin/env python
"""Django's command line; without DATABASE_URL it brings the embedded PostgreSQL up for as long as a command runs."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["demo"]:
        os.environ.setdefault("DEBUG", "1")
        os.environ.setdefault("ALLOW_LOOPBACK_PROVIDERS", "1")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_DATABASE:
        try:
            embedded = settings.EMBEDDED_POSTGRES
        except ImproperlyConfigured as error:
            sys.exit(f"FAIL  configuration: {error}")
        if embedded:
            from config import postgres

            postgres.ensure_running()
    execute_from_command_line(sys.argv)


def run() -> None:
    """`main`, which Ctrl-C ends without a traceback; the demo has nothing to fail at by then."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0 if sys.argv[1:2] == ["demo"] else 130)


WITHOUT_DATABASE = {
    "help",
    "version",
    "--help",
    "-h",
    "--version",
    "collectstatic",
    "sandbox",
    "evaluate_replies",
}

if __name__ == "__main__":
    run()
