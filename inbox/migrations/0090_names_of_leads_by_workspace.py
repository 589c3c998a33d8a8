"""The index of a workspace's search by names of leads, whose words begin with the workspace's mark.

It is built beside traffic. A build that failed leaves an index that is not used, so it is dropped first. The index
without marks stays, because the admin looks for leads of all workspaces by it.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVectorField
from django.db import migrations, models
from django.db.models.functions import Cast, Concat, Lower, Replace, Right

SEPARATORS = (
    "\x01-/:-@\\[-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u3003"
    "\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u060c\u061b\u061f\u06d4\u0964\u0965"
)


def text(*parts, **how) -> models.Func:
    return models.Func(*parts, output_field=models.TextField(), **how)


def words() -> models.Func:
    typed = Concat(
        models.F("first_name"), models.Value(" "), models.F("last_name"), models.Value(" "),
        models.F("company"), models.Value(" "), models.F("email"),
    )  # fmt: skip
    apart = text(typed, template="normalize(%(expressions)s, NFKD)")
    marks, none, every = (models.Value(value) for value in ("[\u0300-\u036f]+", "", "g"))
    plain = text(apart, marks, none, every, function="regexp_replace")
    lower = Lower(text(plain, template="normalize(%(expressions)s, NFC)"))
    folded = text(lower, models.Value("łøđıς"), models.Value("lodiσ"), function="translate")
    for letter, two in (("æ", "ae"), ("œ", "oe"), ("ß", "ss")):
        folded = Replace(folded, models.Value(letter), models.Value(two))
    mark, seps = Right(Cast("workspace", models.TextField()), 3), models.Value(f"[{SEPARATORS}]+")
    spaced = text(folded, seps, Concat(models.Value(" "), mark), every, function="regexp_replace")
    cut = models.Func(Concat(mark, spaced), models.Value(" "), function="regexp_split_to_array")
    return models.Func(
        models.Func(cut, mark, function="array_remove"),
        function="array_to_tsvector",
        output_field=SearchVectorField(),
    )


class Migration(migrations.Migration):
    atomic = False  # CREATE INDEX CONCURRENTLY runs outside transactions

    dependencies = [("inbox", "0089_sends_that_count_down")]

    operations = [
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS lead_names_here", migrations.RunSQL.noop),
        AddIndexConcurrently("lead", GinIndex(words(), name="lead_names_here")),
    ]
