"""gunicorn's settings: threads, because a request waits for PostgreSQL and for nothing else; no preload, because a
connection must never be shared across a fork. The access log is ours (config.middleware): it holds no keys, and the
server's own log of errors, which names addresses, is kept from holding them."""

import gc
import logging
import os
import sys

from gunicorn.arbiter import Arbiter

from config import refusals
from config.logs import redact_path, redact_traceback

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
timeout = 30
graceful_timeout = 20
keepalive = 30
max_requests = 20_000
max_requests_jitter = 2_000
accesslog = None
loglevel = "warning"
GC_THRESHOLD = 10_000
"""New objects between two looks at the youngest: a request makes about as many, nearly all without cycles."""


def on_starting(server) -> None:
    """Bring the embedded PostgreSQL up where DATABASE_URL is unset, as manage.py does, for as long as gunicorn runs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    if settings.EMBEDDED_POSTGRES:
        from config import postgres

        postgres.ensure_running()


def post_worker_init(worker) -> None:
    """What was imported lives as long as the process: the collector need not look at it, nor at every few objects.

    Half a million long-lived objects are otherwise walked again and again beside the requests (docs/adr/0009).
    """
    _require_wiring(worker)
    _require_static(worker)
    _require_weights(worker)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def _require_wiring(worker) -> None:
    """End the server where something is not registered that must be: gunicorn asks for no system check by itself."""
    from django.core import checks

    if found := checks.run_checks(tags=["wiring"]):
        for message in found:
            worker.log.critical("%s", message)
        sys.exit(Arbiter.WORKER_BOOT_ERROR)


def _require_static(worker) -> None:
    """End the server where its first workers find that this release's static files are not collected.

    Later ones only say so: a running server takes webhooks, which need no styles.
    """
    from config import static

    if found := static.fault():
        _refuse(worker, f"{static.WORDS[found]} {static.FIX}")


def _require_weights(worker) -> None:
    """The same where the weights that the installation has named are not fit to judge by. Later workers judge by the
    product's own then."""
    from inbox import checks

    if found := checks.unfit_weights():
        _refuse(worker, f"RULE_WEIGHTS_DIR: {found}")


def _refuse(worker, why: str) -> None:
    worker.log.critical("%s", why)
    if worker.age <= worker.cfg.workers:
        sys.exit(Arbiter.WORKER_BOOT_ERROR)


def _without_keys(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact_path(record.getMessage()), None
    if record.exc_info:
        record.exc_text = redact_traceback(logging.Formatter().formatException(record.exc_info))
    return True


logging.getLogger("gunicorn.error").addFilter(refusals.Fold())
logging.getLogger("gunicorn.error").addFilter(_without_keys)
