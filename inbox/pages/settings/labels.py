"""The pages of a workspace's labels, which admins add, change, merge and delete."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from inbox.leads import labels
from inbox.models import Label, Membership, audit
from inbox.pages.access import FORM, WorkspaceRequest, workspace_view
from inbox.pages.forms import accepts, redirect_to, refusals_shown
from inbox.workspaces.own_and_shared import Refused

ADMIN = Membership.Role.ADMIN


class LabelForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    class Meta:
        model = Label
        fields = ("name", "colour", "meaning", "aliases", "notice")
        labels = {"notice": "Post in Slack when a lead gets this label"}
        help_texts = {"notice": ""}
        error_messages = {"name": {"required": "Enter a name."}}

    def clean_name(self) -> str:
        return self._plain(self.cleaned_data["name"])

    def clean_aliases(self) -> list[str]:
        names = [self._plain(name) for name in self.cleaned_data["aliases"]]
        return [name for name in dict.fromkeys(names) if name]

    @staticmethod
    def _plain(name: str) -> str:
        if "," in name or "\x00" in name:
            raise forms.ValidationError("A name can’t contain a comma.")
        return " ".join(name.split())


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(Label.objects.none(), label="Into", empty_label=None)

    def __init__(self, label: Label, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        targets: Any = Label.objects.filter(workspace=label.workspace_id).exclude(pk=label.pk)
        self.fields["into"].queryset = targets  # type: ignore[attr-defined]  # of a ModelChoiceField


@workspace_view(ADMIN, FORM)
def label_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/labels/`: lists the labels of the workspace. A POST adds a label."""
    form = LabelForm(request.POST or None, instance=Label(workspace=request.workspace))
    if accepts(form, "name", lambda: labels.save(form.instance, request.user)):
        return redirect_to(request, "inbox:labels", success=f"Added: {form.instance}")
    context = {"form": form, "labels": labels.listed(request.workspace)}
    return render(request, "labels/list.html", context, status=422 if form.errors else 200)


@workspace_view(ADMIN, FORM)
def edit(request: WorkspaceRequest, label_id: uuid.UUID) -> HttpResponse:
    """`…/labels/<label>/`: changes a label. `do`=delete deletes it, and `do`=merge merges it into the label `into`."""
    label = get_object_or_404(Label, workspace=request.workspace, pk=label_id)
    do, name = request.POST.get("do"), label.name
    form = LabelForm(request.POST if request.POST and not do else None, instance=label)
    merging = MergeForm(label, request.POST if do == "merge" else None)
    if do == "delete":
        return _end(request, label)
    if merging.is_valid():
        return _end(request, label, merging.cleaned_data["into"])
    if accepts(form, "name", lambda: _change(request, form)):
        return redirect_to(request, "inbox:labels", success=f"Saved: {label}")
    context = {
        "form": form,
        "merging": merging,
        "label": label,
        "name": name,
        "use": f"{labels.use_of(label)}",
    }
    return render(request, "labels/form.html", context, status=422 if form.errors or merging.errors else 200)


def _end(request: WorkspaceRequest, label: Label, into: Label | None = None) -> HttpResponse:
    """Deletes the label, or merges it into `into`. Then shows labels, or the progress of the job that does the work."""
    with refusals_shown(request, Refused):
        job = labels.end(label, request.user, into)
        if job:
            return redirect_to(request, "inbox:all-progress", job.pk)
        messages.success(request, f"{label} is now {into}." if into else f"Deleted: {label}")
    return redirect_to(request, "inbox:labels")


def _change(request: WorkspaceRequest, form: LabelForm) -> None:
    labels.save(form.instance, request.user, changes=audit.changes_of(form, hidden=["meaning"]))
