"""The pages about automatic answers: the shadow report, the policies, and the switch that stops all sends."""

import uuid
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from inbox.models import Campaign, SendingPolicy, Workspace, audit
from inbox.pages.access import ADMIN, FORM, POST, WorkspaceRequest, asks_again, workspace_view
from inbox.pages.forms import action_of, form_page, record, redirect_to
from inbox.replying import gates, shadow, undo

Mode = SendingPolicy.Mode


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]
    """The policy of a workspace or campaign. The mode "auto" is locked until people have sent enough drafts unchanged.

    Only drafts that passed every check count, as in the shadow report.
    """

    class Meta:
        model = SendingPolicy
        fields = ("mode", "confidence_threshold", "min_delay_s", "max_delay_s", "business_hours_only")

        labels = {
            "confidence_threshold": "Required confidence, 0.5 to 1",
            "min_delay_s": "Shortest delay, in seconds",
            "max_delay_s": "Longest delay, in seconds",
            "business_hours_only": "Only in business hours",
        }
        help_texts = {
            "max_delay_s": "Counted from the time of the lead’s message. Anyone can stop the countdown."
        }

    def __init__(self, workspace: Workspace, campaign: Campaign | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.workspace, self.instance.campaign = workspace, campaign

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        if values.get("mode") == Mode.AUTO and self.initial.get("mode") != Mode.AUTO:
            row = shadow.row_of(self.instance.workspace, self.instance.campaign)
            if not row.unlocked:
                self.add_error("mode", f"Auto is locked. {row.missing} Use Shadow until then.")
        shortest, longest = values.get("min_delay_s"), values.get("max_delay_s")
        if shortest and longest and shortest > longest:
            self.add_error("max_delay_s", "The longest delay can’t be shorter than the shortest.")
        return values


@workspace_view()
def automation(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/automation/`: shows the shadow report, the policies, and the switch that stops all sends."""
    return render(request, "automation/report.html", _context(request.workspace))


def _context(workspace: Workspace) -> dict[str, object]:
    rows = shadow.report(workspace)
    stored = SendingPolicy.objects.filter(workspace=workspace).select_related("campaign")
    policies = {policy.campaign_id: policy for policy in stored}
    shown = {row.campaign.pk for row in rows if row.campaign}
    extra = [policy.campaign for key, policy in policies.items() if key and key not in shown]
    empty = [shadow.Row(campaign, 0, 0, 0, 0, 0, 0, 0) for campaign in extra]
    return {
        "lines": [(row, policies.get(row.campaign.pk) if row.campaign else None) for row in rows + empty],
        "default": policies.get(None) or SendingPolicy(workspace=workspace),
        "total": shadow.total(rows),
        "held": shadow.held_by(workspace),
        "days": shadow.DAYS,
        "all": list(gates.GATES),
    }


@workspace_view(ADMIN, FORM)
@asks_again(lambda request: request.POST.get("mode") == Mode.AUTO)
def policy(request: WorkspaceRequest, campaign_id: uuid.UUID | None = None) -> HttpResponse:
    """Edits the policy of the workspace or of a campaign, with an audit entry. A form with errors is shown as 422."""
    campaigns = Campaign.objects.filter(workspace=request.workspace)
    campaign = get_object_or_404(campaigns, pk=campaign_id) if campaign_id else None
    current = SendingPolicy.objects.filter(workspace=request.workspace, campaign=campaign).first()
    form = PolicyForm(request.workspace, campaign, request.POST or None, instance=current)
    if form.is_valid():
        saved = form.save()
        record(request, "policy.change", saved, changes=audit.changes_of(form))
        return redirect_to(request, "inbox:automation", success=f"Saved: {saved.get_mode_display()}.")
    row = shadow.row_of(request.workspace, campaign)
    return form_page(request, "automation/policy.html", form, campaign=campaign, row=row)


@workspace_view(ADMIN, POST)
def pause(request: WorkspaceRequest) -> HttpResponse:
    """Stops or allows all automatic sends: `do` is pause or resume. A pause takes back the sends that count down."""
    wanted = action_of(request, "pause", "resume")
    paused = wanted == "pause"
    Workspace.objects.filter(pk=request.workspace.pk).update(sends_paused=paused)
    changes = {"sends_paused": [request.workspace.sends_paused, paused]}
    record(request, f"sends.{wanted}", request.workspace, changes=changes)
    count = undo.take_back_all(request.workspace.pk, user=request.user) if paused else 0
    words = "Automatic sending is stopped." if paused else "Automatic sending is on again."
    words += f" {count} stopped before they went out." if count else ""
    return redirect_to(request, "inbox:automation", success=words)
