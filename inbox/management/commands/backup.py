"""The command `backup FOLDER`: dumps the database, with a list of its contents."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from integrations import key_rotation
from jobs import backup


class Command(BaseCommand):
    help = (
        "Dump the database into a folder while Holdfast runs, with a list that check_restore compares later. "
        "The keys of stored secrets aren’t included, so keep them somewhere else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *, folder: Path, **options: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        began = timezone.now()
        file = folder / f"holdfast-{began:%Y%m%dT%H%M%SZ}.dump"
        making = file.with_suffix(".part")
        making.touch(mode=0o600)
        try:
            summary = backup.dump(making)
            summary |= {
                "made_at": began.isoformat(),
                "release": settings.VERSION,
                "keys": key_rotation.fingerprints(),
            }
        except backup.DumpFailed as error:
            raise CommandError(f"No dump was made. {error}") from None
        else:
            file.with_suffix(".json").write_text(json.dumps(summary, indent=1) + "\n")
            making.rename(file)
        finally:
            making.unlink(missing_ok=True)
        rows = sum(count for count, _ in summary["tables"].values())
        self.stdout.write(
            f"{file}: {rows} rows in {len(summary['tables'])} tables, {file.stat().st_size / 1e6:.1f} MB.\n"
            f"Its secrets need FIELD_ENCRYPTION_KEYS with: {', '.join(summary['keys']) or 'none'}. Keep them elsewhere."
        )
