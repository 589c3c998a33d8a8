"""What a workspace has in the database, every row, found by introspection: nothing of it may change from outside."""

from functools import cache

from django.apps import apps
from django.db import connection, models

from inbox.models import Workspace


@cache
def ways() -> dict[type[models.Model], str]:
    """Every table whose rows belong to a workspace, and the look-up that leads there ("integration__workspace")."""
    found: dict[type[models.Model], str] = {Workspace: "pk"}
    waiting = [model for model in apps.get_models() if model is not Workspace and model._meta.managed]
    while True:
        reached = {model: way for model in waiting if (way := _way(model, found))}
        if not reached:
            return found
        found |= reached
        waiting = [model for model in waiting if model not in reached]


def _way(model: type[models.Model], found: dict[type[models.Model], str]) -> str:
    keys = [field for field in model._meta.get_fields() if field.many_to_one and field.concrete]
    direct = [field.name for field in keys if field.related_model is Workspace]
    if direct:
        return direct[0]
    owned = [field for field in keys if field.related_model in found and not field.null]
    return f"{owned[0].name}__{found[owned[0].related_model]}" if owned else ""


def rows(workspace: Workspace) -> dict[str, dict]:
    """Every row of `workspace`, by table and primary key."""
    return {
        model._meta.label: {
            row["pk"]: row
            for row in model._base_manager.filter(**{way: workspace.pk}).values("pk", *_columns(model))
        }
        for model, way in ways().items()
    }


def _columns(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def changes(before: dict[str, dict], after: dict[str, dict]) -> list[str]:
    """What differs between two `rows`, one line each; empty where nothing does."""
    found = []
    for table in before:
        for pk in before[table] | after[table]:
            was, now = before[table].get(pk), after[table].get(pk)
            if was != now:
                columns = [name for name in was or now if (was or {}).get(name) != (now or {}).get(name)]
                found.append(
                    f"{table} {pk}: {'added' if was is None else 'gone' if now is None else columns}"
                )
    return found


def fingerprint(workspace: Workspace) -> tuple:
    """A hash of all rows that name `workspace`, in one statement: cheap enough for a look after each request."""
    tables = [model._meta.db_table for model, way in ways().items() if way == "workspace"]
    parts = (
        f"(SELECT coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t WHERE workspace_id = %(id)s)"
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", {"id": workspace.pk})
        return cursor.fetchone()
