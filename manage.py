#!/usr/bin/env python
"""Django's command line. If DATABASE_URL is unset, it runs the embedded PostgreSQL for as long as a command runs."""

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
            from demo import postgres

            postgres.ensure_running()
    execute_from_command_line(sys.argv)


def run() -> None:
    """Run `main`, and end without a traceback on Ctrl-C.

    The exit code is 0 for the demo, which is meant to be stopped so.
    """
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
