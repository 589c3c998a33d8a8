"""The side that enqueues: as a webhook would, one transaction a job, tried again until it is committed."""

import random
import time

from django.core.management.base import BaseCommand
from django.db import Error, transaction

from inbox.models import Workspace
from jobs.db import drop_connection
from jobs.enqueue import JobSpec, enqueue, enqueue_many


class Command(BaseCommand):
    help = "Enqueue COUNT jobs of KIND over SECONDS."

    def add_arguments(self, parser) -> None:
        parser.add_argument("kind")
        parser.add_argument("count", type=int)
        parser.add_argument("--seconds", type=float, default=0)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--prefix", default="job")
        parser.add_argument("--pause-ms", type=int, nargs=2, default=(5, 60))
        parser.add_argument("--workspace", help="Of this name; made where there is none.")
        parser.add_argument("--names", nargs="+", help="Keys of the jobs, instead of numbers.")

    def handle(
        self, *args, kind, count, seconds, seed, prefix, pause_ms, workspace, names, **options
    ) -> None:
        chance = random.Random(seed)
        owner = Workspace.objects.get_or_create(name=workspace)[0].pk if workspace else None
        began = time.monotonic()
        specs = []
        for number in range(count):
            key = names[number] if names else f"{prefix}-{number}"
            payload = {
                "key": key,
                "pause_ms": chance.randint(*pause_ms),
                "flaky": chance.random() < 0.1 and not names,
                "seconds": pause_ms[0] / 1000,
            }
            specs.append(JobSpec(key, owner, payload))
        if not seconds:
            enqueue_many(kind, specs)
            return
        for number, spec in enumerate(specs):
            self._put(kind, spec)
            time.sleep(max(0.0, began + seconds * (number + 1) / count - time.monotonic()))

    def _put(self, kind: str, spec: JobSpec) -> None:
        while True:
            try:
                with transaction.atomic():
                    enqueue(
                        kind,
                        dedupe_key=spec.dedupe_key,
                        workspace_id=spec.workspace_id,
                        payload=spec.payload,
                    )
                return
            except Error:  # the commit's outcome may be unknown: the key makes asking again harmless
                drop_connection()
                time.sleep(0.1)
