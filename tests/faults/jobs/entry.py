"""`python -m tests.faults.jobs.entry COMMAND`: manage.py for the harness's processes."""

import os
import socket
import sys


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.jobs.settings"
    if host := os.environ.get("HARNESS_HOST"):
        socket.gethostname = lambda: host
    import django

    django.setup()
    from django.core.management import execute_from_command_line

    from tests.faults.jobs import patches

    if patch := os.environ.get("HARNESS_PATCH"):  # a function of patches.py; the product knows nothing of it
        getattr(patches, patch)()
    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
