"""Sequences as a person types them: every text's variables are checked where they are written."""

from django import forms
from django.forms import BaseInlineFormSet, inlineformset_factory

from inbox.followups import plan, wording
from inbox.models import FollowUpSequence, FollowUpStep, Lead, Workspace
from inbox.models.lead import Tag
from inbox.replying import limits

MAX_ADDRESSES = 2_000


class SequenceForm(forms.ModelForm):
    class Meta:
        model = FollowUpSequence
        fields = ("name", "starts", "enabled", "business_hours_only")
        labels = {
            "starts": "Starts",
            "enabled": "Switched on",
            "business_hours_only": "Only in business hours",
        }

    @property
    def switches(self) -> list[forms.BoundField]:
        return [self["enabled"], self["business_hours_only"]]

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        others = FollowUpSequence.objects.filter(workspace_id=self.instance.workspace_id, name=name)
        if others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Another sequence has this name. Choose a different one.")
        return name


class StepForm(forms.ModelForm):
    class Meta:
        model = FollowUpStep
        fields = (
            "position", "offset_days", "offset_minutes", "channel", "condition", "needs_approval", "subject", "text",
        )  # fmt: skip
        labels = {
            "position": "Order",
            "offset_days": "Days after the step before",
            "offset_minutes": "and minutes",
            "needs_approval": "A person approves it first",
            "text": "Message",
        }
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}

    @property
    def planning(self) -> list[forms.BoundField]:
        """When and how: what stands in one line."""
        return [self[name] for name in ("position", "offset_days", "offset_minutes", "channel", "condition")]

    @property
    def switches(self) -> list[forms.BoundField]:
        return [self[name] for name in ("needs_approval", "DELETE") if name in self.fields]

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_text(self) -> str:
        return self._checked("text")

    def _checked(self, name: str) -> str:
        value = self.cleaned_data[name]
        if problem := wording.problem(value, self.workspace):
            raise forms.ValidationError(problem)
        return value


class _StepFormSet(BaseInlineFormSet):
    def add_fields(self, form: StepForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.workspace = self.instance.workspace
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = "Take this step out"
        if index is None or index >= self.initial_form_count():
            last = max((step.position for step in self.get_queryset()), default=0)
            form.initial["position"] = last + 1

    def delete_existing(self, obj: FollowUpStep, commit: bool = True) -> None:
        """What was planned or sent keeps its step."""
        FollowUpStep.objects.filter(pk=obj.pk).update(retired=True)


StepFormSet = inlineformset_factory(
    FollowUpSequence,
    FollowUpStep,
    form=StepForm,
    formset=_StepFormSet,
    extra=1,
    max_num=30,
    validate_max=True,
    can_delete=True,
    can_delete_extra=False,
)


class ApprovalForm(forms.Form):
    """A follow-up's message as it is to go out over `channel`."""

    text = forms.CharField(
        label="Message",
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Write a text first, or skip the step."},
    )

    def __init__(self, *args, channel: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].replace("\r\n", "\n")
        if problem := limits.problem(self.channel, text):
            raise forms.ValidationError(problem)
        return text


class OneLeadForm(forms.Form):
    """Which of the sequences that are open to a lead."""

    sequence = forms.ModelChoiceField(queryset=FollowUpSequence.objects.none())

    def __init__(self, lead: Lead, *args) -> None:
        super().__init__(*args)
        self.fields["sequence"].queryset = plan.open_to(lead)


class EnrolForm(forms.Form):
    """Which leads: by their addresses, or by their tag."""

    emails = forms.CharField(
        label="E-mail addresses, one a line", required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    tag = forms.ChoiceField(
        label="or all leads tagged", required=False, choices=[("", "None"), *((tag, tag) for tag in Tag)]
    )

    def clean(self) -> dict:
        data = super().clean()
        data["emails"] = [line.strip().lower() for line in (data.get("emails") or "").split() if line.strip()]
        if len(data["emails"]) > MAX_ADDRESSES:
            self.add_error("emails", f"At most {MAX_ADDRESSES:,} addresses at once.")
        if bool(data["emails"]) == bool(data.get("tag")):
            raise forms.ValidationError("Give addresses, or choose a tag: one of the two.")
        return data

    def leads(self, workspace: Workspace):
        mine = Lead.objects.filter(workspace=workspace).order_by("pk")
        if self.cleaned_data["tag"]:
            return mine.filter(tag=self.cleaned_data["tag"])[:MAX_ADDRESSES]
        return mine.filter(email__in=self.cleaned_data["emails"])
