"""`manage.py rotate_keys`: re-encrypts stored secrets with the newest key, and reports which rows need which key."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import key_rotation
from integrations.key_rotation import UNREADABLE


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret with the newest of FIELD_ENCRYPTION_KEYS, and count the rows that "
        "still need each key. Exit code 0 means only the newest key is needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Only report, and write nothing.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        older = unreadable = 0
        for model, field in key_rotation.encrypted_fields():
            name = f"{model._meta.db_table}.{field}"
            if not check:
                self.stdout.write(
                    f"{name}: {key_rotation.rotate(model, field)} rows encrypted with the newest key"
                )
            needed = key_rotation.needed_keys(model, field)
            for place in sorted(needed):
                words = f"key {place} of {len(settings.FIELD_ENCRYPTION_KEYS)}"
                words = {UNREADABLE: "no key opens", 1: f"{words} (the newest)"}.get(place, words)
                self.stdout.write(f"{name}: {needed[place]} rows: {words}")
            older += sum(count for place, count in needed.items() if place > 1)
            unreadable += needed[UNREADABLE]
        if unreadable:
            raise CommandError(
                f"Rows that no key opens: {unreadable}. Restore their key in FIELD_ENCRYPTION_KEYS, or enter the "
                "secrets again. `manage.py doctor --no-providers` names the accounts."
            )
        if older:
            raise CommandError(
                f"Rows that need an older key: {older}. Run `manage.py rotate_keys` without --check."
            )
        self.stdout.write("The newest key opens every stored secret. You can remove the others.")
