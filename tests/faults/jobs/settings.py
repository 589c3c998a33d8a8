"""Settings of the processes that the fault tests start: the product's, on a server of their own."""

import os

os.environ.setdefault("DEBUG", "1")

from config.settings import *  # noqa: F403
from config.settings import DATABASES, INSTALLED_APPS
from jobs.conf import q_cluster

DEBUG = False  # as in production; with it Django keeps every statement that a process runs
INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.jobs.app"]
DATABASES["default"]["OPTIONS"]["application_name"] = os.environ.get("HARNESS_HOST", "driver")
workers = int(os.environ.get("HARNESS_WORKERS", "3"))
WORKER_THREADS = int(os.environ.get("HARNESS_THREADS", "1"))
Q_CLUSTER = q_cluster(os.environ.get("Q_BROKER_URL", ""), workers=workers)
if os.environ.get(
    "HARNESS_STOCK"
):  # django-q2 as its documentation sets it up, with time limits that fit the test
    Q_CLUSTER = {
        "name": "holdfast",
        "workers": workers,
        "timeout": 15,
        "retry": 20,
        "save_limit": -1,
        "orm": "default",
    }
    SILENCED_SYSTEM_CHECKS = ["jobs.E001", "jobs.E006"]
