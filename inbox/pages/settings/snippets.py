"""The pages of snippets. Members edit their own snippets. Admins also share snippets and edit the shared ones."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from inbox.followups import step_text
from inbox.models import Snippet, Workspace
from inbox.models.snippet import NAME_CHARS, TEXT_CHARS
from inbox.pages.access import FORM, MEMBER, WorkspaceRequest, signed_in, workspace_view
from inbox.pages.forms import (
    PostedText,
    accepts,
    find_changeable,
    form_page,
    may_share,
    own_and_shared,
    redirect_to,
)
from inbox.replying.variables import VARIABLES
from inbox.workspaces.own_and_shared import SNIPPETS


class SnippetForm(forms.Form):
    """A snippet, validated like the text of a follow-up step. `shares` says whether the user may share snippets."""

    name = forms.CharField(max_length=NAME_CHARS, error_messages={"required": "Enter a name."})
    text = PostedText(
        max_length=TEXT_CHARS,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        help_text="Use {first_name} for the lead’s first name, or {first_name|there} with a fallback.",
        error_messages={"required": "Enter the text."},
    )
    shared = forms.BooleanField(required=False)

    def __init__(self, workspace: Workspace, *args: Any, shares: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        if not shares:
            del self.fields["shared"]

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if problem := step_text.problem(text, self.workspace):
            raise forms.ValidationError(problem)
        return text


@workspace_view()
def snippet_list(request: WorkspaceRequest) -> HttpResponse:
    rows = SNIPPETS.listed(request.workspace, signed_in(request))
    return render(request, "snippets/list.html", {"groups": own_and_shared(request, rows, "snippets")})


@workspace_view(MEMBER, FORM)
def new(request: WorkspaceRequest) -> HttpResponse:
    """`…/snippets/new/`: adds a snippet. With `shared`, which only an admin may use, the whole workspace sees it."""
    form, by = (
        SnippetForm(request.workspace, request.POST or None, shares=may_share(request)),
        signed_in(request),
    )
    add = partial(SNIPPETS.add, request.workspace, by, shared=False)
    return _edit(request, form, add, "Added")


@workspace_view(MEMBER, FORM)
def edit(request: WorkspaceRequest, snippet_id: uuid.UUID) -> HttpResponse:
    """`…/snippets/<snippet>/`: changes a snippet, or deletes it with `do`=delete. Only admins edit shared ones."""
    by = signed_in(request)
    snippet = find_changeable(request, SNIPPETS.listed(request.workspace, by), snippet_id)
    if request.POST.get("do") == "delete":
        SNIPPETS.delete(snippet, by)
        return redirect_to(request, "inbox:snippets", success=f"Deleted: {snippet.name}")
    values = {"name": snippet.name, "text": snippet.text}
    form = SnippetForm(request.workspace, request.POST or None, shares=False, initial=values)
    return _edit(request, form, partial(SNIPPETS.change, snippet, by), "Saved", snippet)


def _edit(
    request: WorkspaceRequest,
    form: SnippetForm,
    act: Callable[..., object],
    outcome: str,
    snippet: Snippet | None = None,
) -> HttpResponse:
    if accepts(form, "name", lambda: act(**form.cleaned_data)):
        return redirect_to(request, "inbox:snippets", success=f"{outcome}: {form.cleaned_data['name']}")
    return form_page(request, "snippets/form.html", form, snippet=snippet, variables=VARIABLES)
