"""The settings of a workspace: who answers, which replies, when, and how long data is stored."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from inbox.intake import retention_effects
from inbox.models import Membership, Workspace, audit
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.forms import PostedText
from inbox.pages.proof import asks_again
from inbox.pages.settings.countries import countries, time_zones

TIME = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class ChangedColumnsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Saves only the changed columns. Saving the whole row could undo a stop of all sends, or the erasure of a person,
    that happened in the meantime.
    """

    def save(self, commit: bool = True) -> Workspace:
        workspace: Workspace = super().save(commit=False)
        if commit:
            workspace.save(update_fields=self.changed_data)
        return workspace


class WorkspaceForm(ChangedColumnsForm):
    timezone = forms.ChoiceField(
        label="Time zone", help_text="Business hours and every time on these pages go by it."
    )
    phone_region = forms.ChoiceField(
        label="Country of phone numbers",
        help_text="For numbers that are written without a country.",
        choices=[(code, f"{name} ({code})") for code, name in countries()],
    )

    class Meta:
        model = Workspace
        fields = (
            "name",
            "timezone",
            "phone_region",
            "persona_name",
            "tone",
            "signature",
            "service_description",
            "opens_at",
            "closes_at",
            "undo_send_s",
            "daily_send_cap",
            "assign_in_turn",
            "health_emails",
        )
        labels = {
            "persona_name": "Answers are written by",
            "service_description": "What you offer, with the facts that answers may use",
            "opens_at": "Opens at",
            "closes_at": "Closes at",
            "undo_send_s": "Seconds in which a message that was sent can be taken back",
            "daily_send_cap": "Answers a day that may go out by themselves",
            "assign_in_turn": "Give interested leads to the people who take leads, in turn",
            "health_emails": "Tell owners and admins of a broken account by e-mail too",
        }
        help_texts = {
            "service_description": "Nothing that is not said here or in the conversation is promised in an answer.",
            "undo_send_s": "0 to 60. 0: it goes out at once.",
            "closes_at": "Monday to Friday.",
            "assign_in_turn": "",
            "health_emails": "At most once per account in 24 hours. Without Slack they are told by e-mail anyway.",
        }
        field_classes = {"signature": PostedText, "service_description": PostedText}
        widgets = {
            "opens_at": TIME,
            "closes_at": TIME,
            "signature": forms.Textarea(attrs={"rows": 4}),
            "service_description": forms.Textarea(attrs={"rows": 8, "maxlength": 8000}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted({*time_zones(), self.instance.timezone})  # it may have an old name, such as US/Eastern
        self.fields["timezone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]


class RetentionForm(ChangedColumnsForm):
    """The number of days for which a workspace stores messages, raw bodies and records of model calls."""

    class Meta:
        model = Workspace
        fields = ("keep_messages_days", "keep_bodies_days", "keep_model_calls_days")
        labels = {
            "keep_messages_days": "Days to keep messages",
            "keep_bodies_days": "Days to keep the raw bodies of webhooks",
            "keep_model_calls_days": "Days to keep the records of calls to the model",
        }
        help_texts = {
            "keep_messages_days": "30 to 3650; empty: for good. Their drafts, sends and notes go too. Leads, "
            "opt-outs, and what is suspected and not decided yet stay.",
            "keep_bodies_days": "0 to 30. 0: until the next hourly run.",
            "keep_model_calls_days": "1 to 3650; empty: for good. They have costs and outcomes, and no text.",
        }


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(Membership.Role.ADMIN)
def workspace_settings(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/settings/`: edits the settings, with an audit entry. A form with errors is a 400."""
    form = WorkspaceForm(request.POST or None, instance=request.workspace)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.record(
            request.workspace.pk,
            request.user,
            "workspace.change",
            form.instance,
            changes=audit.changes_of(form),
        )
        messages.success(request, "Saved.")
        return redirect("inbox:settings", request.workspace.pk)
    if form.errors:
        request.workspace.refresh_from_db()
    return render(request, "workspace/settings.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(Membership.Role.ADMIN)
@asks_again()
def retention(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/settings/retention/`: sets the days for which data is stored. Invalid days are a 400.

    A GET with the days shows their effects, and only then offers to save them. A POST saves them, with an audit entry;
    the next hourly run removes older data.
    """
    params = request.POST if request.method == "POST" else request.GET
    saved = Workspace.objects.get(pk=request.workspace.pk)  # the form has changed its own instance
    form = RetentionForm(params if "keep_bodies_days" in params else None, instance=saved)
    if request.method == "POST" and form.is_valid():
        form.save()
        audit.record(
            request.workspace.pk, request.user, "workspace.change", saved, changes=audit.changes_of(form)
        )
        messages.success(request, "Saved. What is older goes with the next hourly run.")
        return redirect("inbox:retention", request.workspace.pk)
    effects = retention_effects.effects(saved) if form.is_bound and form.is_valid() else []
    status = 400 if form.errors else 200
    return render(request, "workspace/retention.html", {"form": form, "effects": effects}, status=status)
