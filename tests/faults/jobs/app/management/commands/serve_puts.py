"""The harness's enqueuing side as one process for a whole session: starting one for each test takes seconds."""

import json
import sys

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from tests.faults.jobs.app.models import Booking


class Command(BaseCommand):
    help = "Make the harness's table, say so, then run put_jobs for each line [database, arguments] of JSON."

    def handle(self, *args, **options) -> None:
        with connection.schema_editor() as editor:
            editor.create_model(Booking)
        connection.close()  # nobody can copy a database that has a session
        self._say("ready")
        for line in sys.stdin:
            connection.settings_dict["NAME"], arguments = json.loads(line)
            call_command("put_jobs", *arguments)
            connection.close()
            self._say("done")

    def _say(self, word: str) -> None:
        self.stdout.write(word)
        self.stdout.flush()
