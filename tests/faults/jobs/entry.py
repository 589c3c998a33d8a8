"""`python -m tests.faults.jobs.entry COMMAND`: manage.py for the harness's processes."""

import importlib
import os
import socket
import sys


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.jobs.settings"
    if host := os.environ.get("HARNESS_HOST"):
        socket.gethostname = lambda: host
    import django

    django.setup()
    if patch := os.environ.get(
        "HARNESS_PATCH"
    ):  # "module:function": a hook of the tests, unknown to the product
        module, _, function = patch.partition(":")
        getattr(importlib.import_module(module), function)()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
