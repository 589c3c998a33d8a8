"""The side that enqueues: as a webhook would, one transaction a job, tried again until it is committed."""

import random
import time

from django.core.management.base import BaseCommand
from django.db import Error, transaction

from jobs.db import drop_connection
from jobs.enqueue import enqueue


class Command(BaseCommand):
    help = "Enqueue COUNT jobs of KIND over SECONDS."

    def add_arguments(self, parser) -> None:
        parser.add_argument("kind")
        parser.add_argument("count", type=int)
        parser.add_argument("--seconds", type=float, default=0)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--prefix", default="job")
        parser.add_argument("--pause-ms", type=int, nargs=2, default=(5, 60))
        parser.add_argument("--workspace")

    def handle(self, *args, kind, count, seconds, seed, prefix, pause_ms, workspace, **options) -> None:
        chance = random.Random(seed)
        began = time.monotonic()
        for number in range(count):
            key = f"{prefix}-{number}"
            payload = {
                "key": key,
                "pause_ms": chance.randint(*pause_ms),
                "flaky": chance.random() < 0.1,
                "seconds": pause_ms[0] / 1000,
            }
            self._put(kind, key, payload, workspace)
            time.sleep(max(0.0, began + seconds * number / count - time.monotonic()))

    def _put(self, kind: str, key: str, payload: dict, workspace: str | None) -> None:
        while True:
            try:
                with transaction.atomic():
                    enqueue(kind, dedupe_key=key, payload=payload, workspace_id=workspace)
                return
            except Error:  # the commit's outcome may be unknown: the key makes asking again harmless
                drop_connection()
                time.sleep(0.1)
