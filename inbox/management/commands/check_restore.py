"""The command `check_restore FILE`: reports the dumped data that a restored database lacks."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.models import DatabaseOrigin
from inbox.replying import lost_time
from integrations import key_rotation
from integrations.key_rotation import UNREADABLE
from jobs import backup, schema_version
from jobs.display import with_noun


class Command(BaseCommand):
    help = (
        "Compare a restored database with the list that `backup` wrote next to the dump. Run it before you "
        "start web and workers. Exit code 1 if something is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The .json file next to the dump.")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            expected = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} can’t be read: {error}") from None
        wrong = list(backup.missing(expected))
        wrong += [
            f"the migration {name} is missing: run manage.py migrate" for name in schema_version.missing()
        ]
        for model, field in key_rotation.encrypted_fields():
            if lost := key_rotation.needed_keys(model, field)[UNREADABLE]:
                wrong.append(f"{model._meta.db_table}.{field}: {lost} rows can’t be decrypted with any key")
        if absent := sorted(set(expected["keys"]) - set(key_rotation.fingerprints_at_hand())):
            wrong.append(f"FIELD_ENCRYPTION_KEYS is missing {', '.join(absent)}")
        for line in wrong:
            self.stdout.write(f"FAIL  {line}")
        if why := lost_time.refusal(DatabaseOrigin.read()):
            self.stdout.write(
                f"note  Sending is on hold. {why}\n      → manage.py restored --since {expected['made_at']}"
            )
        if wrong:
            raise CommandError(f"{with_noun(len(wrong), 'problem')} to fix.")
        rows = sum(number for number, _ in expected["tables"].values())
        self.stdout.write(
            f"All {rows} rows of {len(expected['tables'])} tables are present, and every secret can be read."
        )
