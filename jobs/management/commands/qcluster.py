"""`manage.py qcluster`: replaces django-q2's command, runs the workers, and restarts them after a crash."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs import stalls
from jobs.cluster.supervisor import Supervisor

STATEMENT_S = 35.0
"""Seconds that a worker waits for a database statement. This is longer than the statement timeout of its role
(deploy/postgres)."""


class Command(BaseCommand):
    help = "Run background jobs until SIGTERM, in workers under a supervisor that restarts them together."

    def handle(self, *args: Any, **options: Any) -> None:
        stalls.limit_process(STATEMENT_S)
        Supervisor().run()
