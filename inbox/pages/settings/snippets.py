"""The form of a snippet. Its text is checked as that of a follow-up's step."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from inbox.followups import step_text
from inbox.models import Membership, Snippet, Workspace
from inbox.models.snippet import NAME_CHARS, TEXT_CHARS
from inbox.pages.access import WorkspaceRequest, signed_in, workspace_view
from inbox.pages.posted_text import PostedText
from inbox.replying.variables import VARIABLES
from inbox.workspaces import snippets


class SnippetForm(forms.Form):
    """The form with a snippet's name and text. `shares`: the person may give it to everybody in `workspace`."""

    name = forms.CharField(max_length=NAME_CHARS, error_messages={"required": "Give it a name."})
    text = PostedText(
        max_length=TEXT_CHARS,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        help_text="Write {first_name} where the lead's first name goes, {first_name|there} with a fallback.",
        error_messages={"required": "Write its text."},
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


ADMIN, MEMBER = Membership.Role.ADMIN, Membership.Role.MEMBER


@require_safe
@workspace_view()
def snippet_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/snippets/`: lists the person's own snippets and the shared ones."""
    rows, shares = list(snippets.listed(request.workspace, signed_in(request))), _shares(request)
    groups = [
        ("own", "Your snippets", [row for row in rows if not row.is_shared], True),
        ("shared", "Shared snippets", [row for row in rows if row.is_shared], shares),
    ]
    return render(request, "snippets/list.html", {"groups": groups})


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(MEMBER)
def new(request: WorkspaceRequest) -> HttpResponse:
    """`…/snippets/new/`: adds a snippet; with `shared` for all of the workspace, which an admin may."""
    form = SnippetForm(request.workspace, request.POST or None, shares=_shares(request))
    if request.method == "POST" and form.is_valid():
        fields = {"shared": False} | form.cleaned_data
        try:
            snippets.add(request.workspace, signed_in(request), **fields)
        except snippets.Refused as reason:
            form.add_error("name", str(reason))
        else:
            messages.success(request, f"Added: {fields['name']}")
            return redirect("inbox:snippets", request.workspace.pk)
    return _form(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(MEMBER)
def edit(request: WorkspaceRequest, snippet_id: uuid.UUID) -> HttpResponse:
    """`…/snippets/<snippet>/`: changes a snippet, or deletes it with `do`=delete. A shared one needs an admin."""
    by = signed_in(request)
    snippet = snippets.listed(request.workspace, by).filter(pk=snippet_id).first()
    if snippet is None:
        raise Http404("No such snippet.")
    if snippet.is_shared and not _shares(request):
        raise PermissionDenied("An admin changes shared snippets.")
    if request.method == "POST" and request.POST.get("do") == "delete":
        snippets.delete(snippet, by)
        messages.success(request, f"Deleted: {snippet.name}")
        return redirect("inbox:snippets", request.workspace.pk)
    values = {"name": snippet.name, "text": snippet.text}
    form = SnippetForm(request.workspace, request.POST or None, shares=False, initial=values)
    if request.method == "POST" and form.is_valid():
        try:
            snippets.change(snippet, by, **form.cleaned_data)
        except snippets.Refused as reason:
            form.add_error("name", str(reason))
        else:
            messages.success(request, f"Saved: {form.cleaned_data['name']}")
            return redirect("inbox:snippets", request.workspace.pk)
    return _form(request, form, snippet)


def _form(request: WorkspaceRequest, form: SnippetForm, snippet: Snippet | None = None) -> HttpResponse:
    context = {"form": form, "snippet": snippet, "variables": VARIABLES}
    return render(request, "snippets/form.html", context, status=422 if form.errors else 200)


def _shares(request: WorkspaceRequest) -> bool:
    return request.membership.at_least(ADMIN)
