"""The model of a workspace's facts: statements that answers may use, and phrases that they must never use."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual

from inbox.models.workspace import User, Workspace
from inbox.understanding.normalise import fold
from jobs.columns import Row, check, unique

QUESTION_CHARS, ANSWER_CHARS, FOLDED_CHARS = 200, 2_000, 400
MOST = 500
"""The maximum number of facts per workspace."""


class WorkspaceFact(Row):
    """A fact about the company that drafted answers may use, or a phrase that they must not use.

    A workspace fact is a question with its answer, a price with its policy, a link with its occasion, or a phrase with
    its replacement. `folded` makes the question unique within its kind.
    """

    class Kind(models.TextChoices):
        ANSWER = "answer", "Answer"
        PRICE = "price", "Price"
        LINK = "link", "Link"
        NEVER = "never", "Never said"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="workspace_facts")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    question = models.CharField(max_length=QUESTION_CHARS)
    folded = models.CharField(max_length=FOLDED_CHARS, editable=False)
    answer = models.TextField(max_length=ANSWER_CHARS, blank=True, default="", db_default="")
    position = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Order among facts of the same kind, lowest first."
    )
    updated_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now())
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    class Meta:
        ordering = ["kind", "position", "id"]
        constraints = [
            unique("fact_once", "workspace", "kind", "folded"),
            check("fact_kind_known", Q(kind__in=["answer", "price", "link", "never"])),
            check("fact_is_whole", ~Q(question="") & ~Q(folded="") & (Q(kind="never") | ~Q(answer=""))),
            check("fact_answer_fits", LessThanOrEqual(Length("answer"), ANSWER_CHARS)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {str(self.pk)[-6:]}"

    def save(self, **kwargs: Any) -> None:
        self.folded = folded(self.question)
        super().save(**kwargs)


def folded(question: str) -> str:
    """Returns `question` in lower case without accents and extra spaces, so that different spellings are equal."""
    return " ".join(fold(question).split())
