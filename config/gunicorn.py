"""Settings of gunicorn, the web server.

It uses threads, because requests mostly wait for PostgreSQL. It does not preload the application, because a connection
must not be shared across a fork. `config.middleware` logs requests instead of gunicorn. A filter removes webhook keys
from gunicorn's error log.
"""

import atexit
import gc
import logging
import os
import shutil
import socket
import sys
import tempfile
from typing import Any

from gunicorn.arbiter import Arbiter

from config import health_listener, logs
from jobs import stalls
from jobs.redaction import redact_path, redact_traceback

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "config.web_worker.Worker"
timeout = 30
graceful_timeout = 20
keepalive = 30
max_requests = 20_000
max_requests_jitter = 2_000
accesslog = None
control_socket_disable = True
"""True, because all gunicorn servers of a user would share one control socket, in a home directory that deploy/systemd
hides from them."""
loglevel = "warning"
HEALTH_BIND = os.environ.get("HEALTH_BIND", "").strip()
STATEMENT_S = 30.0
"""Seconds that a web process waits for a database statement that has no shorter limit, such as a statement of a cron
request."""
GC_THRESHOLD = 10_000
"""The number of new objects that starts a garbage collection of the youngest generation. One request creates about as
many, and nearly all of them are freed without the collector."""


def on_starting(server: Any) -> None:
    """A gunicorn hook that runs before workers start. The hook opens HEALTH_BIND and, without DATABASE_URL, starts the
    embedded PostgreSQL (settings.EMBEDDED_POSTGRES), which stops with gunicorn.
    """
    global _health_socket
    if HEALTH_BIND:
        try:
            _health_socket = health_listener.open_socket(HEALTH_BIND)
        except (OSError, ValueError) as error:
            server.log.critical("HEALTH_BIND must be a free host:port such as 127.0.0.1:8001. %s", error)
            sys.exit(1)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    _share_presence(server)
    if settings.EMBEDDED_POSTGRES:
        from demo import postgres

        postgres.ensure_running()


def _share_presence(server: Any) -> None:
    """Creates a directory in which the workers of this gunicorn share who is reading which conversation."""
    try:
        folder = tempfile.mkdtemp(prefix="holdfast-presence-")
    except OSError as error:
        server.log.warning("Presence in conversations works only within one process: %s", error)
        return
    os.environ["PRESENCE_DIR"] = folder
    atexit.register(_remove, folder, os.getpid())


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # gunicorn's workers inherit this exit hook, but must not delete the directory
        shutil.rmtree(folder, ignore_errors=True)


def post_worker_init(worker: Any) -> None:
    """A gunicorn hook that runs in each new worker. The hook checks the installation, limits waits for the database and
    serves HEALTH_BIND.

    Imported objects live as long as the process. Without `gc.freeze`, the garbage collector would traverse half a
    million imported objects during requests (docs/adr/0009-what-a-delivery-costs.md).
    """
    _require_wiring(worker)
    _require_static(worker)
    _require_weights(worker)
    stalls.limit_process(STATEMENT_S)
    if _health_socket is not None:
        health_listener.serve(_health_socket)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def _require_wiring(worker: Any) -> None:
    """Stop the server if a registration is missing, because gunicorn runs no system checks."""
    from django.core import checks

    if messages := checks.run_checks(tags=["wiring"]):
        for message in messages:
            worker.log.critical("%s", message)
        sys.exit(Arbiter.WORKER_BOOT_ERROR)


def _require_static(worker: Any) -> None:
    """Stop the server if its first workers find no collected static files. Later workers only log that."""
    from config import static

    if fault := static.fault():
        _refuse(worker, f"{static.WORDS[fault]} {static.FIX}")


def _require_weights(worker: Any) -> None:
    """Stop the server if its first workers cannot use the rule weights in RULE_WEIGHTS_DIR. Workers that start later
    log this and use the weights that come with the product.
    """
    from inbox import weights_check

    if fault := weights_check.unfit_weights():
        _refuse(worker, f"RULE_WEIGHTS_DIR: {fault}")


def _refuse(worker: Any, why: str) -> None:
    worker.log.critical("%s", why)
    if worker.age <= worker.cfg.workers:
        sys.exit(Arbiter.WORKER_BOOT_ERROR)


def _without_keys(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact_path(record.getMessage()), None
    if record.exc_info:
        record.exc_text = redact_traceback(logging.Formatter().formatException(record.exc_info))
    return True


_health_socket: socket.socket | None = None
"""The listener at HEALTH_BIND, shared by all workers of this gunicorn."""

logging.getLogger("gunicorn.error").addFilter(logs.Fold())
logging.getLogger("gunicorn.error").addFilter(_without_keys)
