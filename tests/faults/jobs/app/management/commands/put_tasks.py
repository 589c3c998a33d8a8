"""As put_jobs, for bare django-q2: the task itself carries the work."""

import random
import time

from django.core.management.base import BaseCommand
from django.db import Error, transaction
from django_q.tasks import async_task

from jobs.db import drop_connection


class Command(BaseCommand):
    help = "Enqueue COUNT tasks of FUNC over SECONDS."

    def add_arguments(self, parser) -> None:
        parser.add_argument("func")
        parser.add_argument("count", type=int)
        parser.add_argument("--seconds", type=float, default=0)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--prefix", default="job")

    def handle(self, *args, func, count, seconds, seed, prefix, **options) -> None:
        chance, began = random.Random(seed), time.monotonic()
        for number in range(count):
            self._put(f"tests.faults.jobs.app.tasks.{func}", f"{prefix}-{number}", chance.randint(5, 60))
            time.sleep(max(0.0, began + seconds * (number + 1) / count - time.monotonic()))

    def _put(self, func: str, key: str, pause_ms: int) -> None:
        while True:
            try:
                with transaction.atomic():
                    async_task(func, key, pause_ms)
                return
            except Error:
                drop_connection()
                time.sleep(0.1)
