"""`manage.py sandbox`: runs only the provider sandbox, until it is stopped."""

import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sandbox import SandboxServer


class Command(BaseCommand):
    help = "Simulate every provider on one local address (docs/sandbox.md)."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8900, help="0 takes any free port (default: 8900)")
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: loopback only)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        server = SandboxServer(port=options["port"], host=options["host"])
        try:
            base_url = server.start()
        except OSError as exc:
            raise CommandError(
                f"cannot listen on {options['host']}:{options['port']} ({exc.strerror}); try another --port"
            ) from exc
        stop = threading.Event()

        def finish(signum: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, finish)
        self.stdout.write(f"Provider sandbox on {base_url}, its state at {base_url}/_control/state.json")
        self.stdout.flush()
        stop.wait()
        server.stop()
