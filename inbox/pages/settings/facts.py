"""The pages of a workspace's facts, which admins edit. The same form checks typed facts and facts from a file."""

import re
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from inbox.models import WorkspaceFact
from inbox.models.workspace_fact import ANSWER_CHARS, FOLDED_CHARS, MOST, QUESTION_CHARS, folded
from inbox.pages.access import ADMIN, FORM, WorkspaceRequest, workspace_view
from inbox.pages.forms import PostedText, accepts, form_page, redirect_to
from inbox.workspaces import factbook
from inbox.workspaces.own_and_shared import Refused

Kind = WorkspaceFact.Kind


class Words(NamedTuple):
    """The texts of the page for one kind of fact: its heading and explanation, the button, and the fields' labels."""

    heading: str
    what: str
    add: str
    question: str
    answer: str
    answer_help: str


WORDS: dict[str, Words] = {
    Kind.ANSWER: Words(
        "Answers",
        "Questions leads ask, and the right answers.",
        "Add an answer",
        "Question",
        "Answer",
        "In your own words. A draft may use all or part of it.",
    ),
    Kind.PRICE: Words(
        "Prices",
        "Drafts never mention any other price.",
        "Add a price",
        "Product or service",
        "Price and policy",
        "For example: $1,500 a month per crew, cancel any time. No discounts by email.",
    ),
    Kind.LINK: Words(
        "Links",
        "Drafts never include any other link.",
        "Add a link",
        "Page",
        "Link, and when to share it",
        "For example: https://example.com/brochure. Only when they ask for material.",
    ),
    Kind.NEVER: Words(
        "Never said",
        "A draft with one of these phrases always waits for review.",
        "Add a phrase",
        "Phrase",
        "Say instead",
        "Optional.",
    ),
}


class FactForm(forms.Form):
    """One fact of the kind `kind` (a WorkspaceFact.Kind)."""

    question = forms.CharField(max_length=QUESTION_CHARS)
    answer = PostedText(max_length=ANSWER_CHARS, widget=forms.Textarea(attrs={"rows": 5}))
    position = forms.IntegerField(
        label="Order",
        required=False,
        min_value=0,
        max_value=32_767,
        help_text="Lowest number first. Facts without one come last.",
    )

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, words = kind, WORDS[kind]
        self.fields["question"].label = words.question
        self.fields["answer"].label = words.answer
        self.fields["answer"].help_text = words.answer_help
        self.fields["answer"].required = kind != Kind.NEVER
        for name in ("question", "answer"):
            self.fields[name].error_messages["required"] = "This field is required."

    def clean_question(self) -> str:
        question = " ".join(self.cleaned_data["question"].split())
        if not re.search(r"\w", folded(question)):
            raise forms.ValidationError("Write at least one word.")
        if len(folded(question)) > FOLDED_CHARS:
            raise forms.ValidationError("This is too long. Shorten it.")
        return question

    def clean_answer(self) -> str:
        answer = str(self.cleaned_data["answer"])
        if self.kind == Kind.LINK and not re.search(r"https?://\w", answer):
            raise forms.ValidationError("Include the link itself, starting with https://.")
        return answer


@workspace_view()
def fact_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/facts/?q=<words>`: lists the facts by kind. With `q`, lists only facts that contain the words."""
    words = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
    facts = list(factbook.listed(request.workspace, words))
    context = {
        "groups": [(kind, WORDS[kind], [fact for fact in facts if fact.kind == kind]) for kind in Kind],
        "found": len(facts),
        "total": len(facts) if not words else factbook.listed(request.workspace).count(),
        "most": MOST,
        "q": words,
        "acts": request.membership.at_least(ADMIN),
    }
    return render(request, "facts/list.html", context)


@workspace_view(ADMIN, FORM)
def new(request: WorkspaceRequest, kind: str) -> HttpResponse:
    """`…/facts/new/<kind>/`: adds a fact of the kind `kind` (a WorkspaceFact.Kind)."""
    if kind not in Kind.values:
        raise Http404("This kind of fact doesn’t exist.")
    add = partial(factbook.add, request.workspace, request.user, kind=kind)
    return _edit(request, FactForm(kind, request.POST or None), add, "Added. New drafts can use it.")


@workspace_view(ADMIN, FORM)
def edit(request: WorkspaceRequest, fact_id: uuid.UUID) -> HttpResponse:
    """`…/facts/<fact>/`: changes a fact, or deletes it with `do`=delete."""
    facts = WorkspaceFact.objects.select_related("workspace", "updated_by")
    fact = get_object_or_404(facts, workspace=request.workspace, pk=fact_id)
    if request.POST.get("do") == "delete":
        factbook.delete(fact, request.user)
        return redirect_to(request, "inbox:facts", success="Deleted. New drafts won’t use it.")
    values = {"question": fact.question, "answer": fact.answer, "position": fact.position}
    form = FactForm(fact.kind, request.POST or None, initial=values)

    def change(**fields: Any) -> None:
        if request.POST.get("seen") != fact.updated_at.isoformat():
            raise Refused(factbook.MOVED)
        factbook.change(fact, request.user, **fields)

    return _edit(request, form, change, "Saved. Existing drafts keep their text.", fact)


def _edit(
    request: WorkspaceRequest,
    form: FactForm,
    act: Callable[..., object],
    outcome: str,
    fact: WorkspaceFact | None = None,
) -> HttpResponse:
    if accepts(form, "question", lambda: act(**form.cleaned_data)):
        return redirect_to(request, "inbox:facts", success=outcome)
    kind, version = Kind(form.kind), request.POST.get("seen") or (fact and fact.updated_at.isoformat())
    return form_page(request, "facts/form.html", form, kind=kind, words=WORDS[kind], fact=fact, seen=version)
