"""`manage.py qcluster`: runs the workers.

It has django-q2's name and options, and restarts the cluster after a crash.
"""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_q.conf import Conf

from jobs import stalls
from jobs.cluster.supervisor import Supervisor

STATEMENT_S = 35.0
"""How many seconds a worker waits for a statement: longer than PostgreSQL lets its role's run (deploy/postgres)."""


class Command(BaseCommand):
    help = "Runs background jobs until SIGTERM: workers under a supervisor that restarts them as a whole."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run-once", action="store_true", help="Work off what is due, then stop.")
        parser.add_argument(
            "-n", "--name", dest="cluster_name", help="Another cluster of Q_CLUSTER's ALT_CLUSTERS."
        )

    def handle(self, *args: Any, run_once: bool, cluster_name: str | None, **options: Any) -> None:
        if cluster_name and cluster_name != Conf.CLUSTER_NAME:
            if cluster_name not in settings.Q_CLUSTER.get("ALT_CLUSTERS", {}):
                raise CommandError(f"Q_CLUSTER has no ALT_CLUSTERS entry {cluster_name!r}.")
            # django-q2 reads the cluster's name only once, at import, so another name needs a new process.
            os.environ["Q_CLUSTER_NAME"] = cluster_name
            os.execv(sys.executable, [sys.executable, *sys.argv])
        stalls.limit_process(STATEMENT_S)
        sys.exit(Supervisor(run_once=run_once).run())
