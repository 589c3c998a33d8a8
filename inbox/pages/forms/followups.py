"""The forms for follow-up sequences, approvals and enrolment. Variables in a text are checked when it is saved."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, inlineformset_factory

from inbox.followups import plan, step_text
from inbox.models import FollowUpSequence, FollowUpStep, Lead, Workspace
from inbox.models.lead import Tag
from inbox.pages.forms.posted_text import PostedText
from inbox.replying import limits

MAX_ADDRESSES = 2_000


class SequenceForm(forms.ModelForm):  # type: ignore[type-arg]
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
        namesakes = FollowUpSequence.objects.filter(workspace_id=self.instance.workspace_id, name=name)
        if namesakes.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Another sequence has this name. Choose a different one.")
        return str(name)


class StepForm(forms.ModelForm):  # type: ignore[type-arg]
    workspace: Workspace

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
        field_classes = {"text": PostedText}
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}

    @property
    def planning(self) -> list[forms.BoundField]:
        """The fields that say when and on which channel a follow-up step goes out. The page shows them in one line."""
        return [self[name] for name in ("position", "offset_days", "offset_minutes", "channel", "condition")]

    @property
    def switches(self) -> list[forms.BoundField]:
        return [self[name] for name in ("needs_approval", "DELETE") if name in self.fields]

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_text(self) -> str:
        return self._checked("text")

    def _checked(self, name: str) -> str:
        text = self.cleaned_data[name]
        if problem := step_text.problem(text, self.workspace):
            raise forms.ValidationError(problem)
        return str(text)


class _StepFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    def add_fields(self, form: "forms.ModelForm[Any]", index: int | None) -> None:
        super().add_fields(form, index)
        assert isinstance(form, StepForm)
        form.workspace = self.instance.workspace
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = "Take this step out"
        if index is None or index >= self.initial_form_count():
            last = max((step.position for step in self.get_queryset()), default=0)
            form.initial["position"] = last + 1

    def delete_existing(self, obj: FollowUpStep, commit: bool = True) -> None:
        """Retires the follow-up step instead of deleting it, because messages that were planned or sent keep their
        step.
        """
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
    """The form on which a person approves a follow-up message, with its text for `channel`."""

    text = PostedText(
        label="Message",
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Write a text first, or skip the step."},
    )

    def __init__(self, *args: Any, channel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if problem := limits.problem(self.channel, text):
            raise forms.ValidationError(problem)
        return text


class OneLeadForm(forms.Form):
    """The form that starts one of the follow-up sequences that can be started for the lead."""

    sequence = forms.ModelChoiceField(queryset=FollowUpSequence.objects.none())

    def __init__(self, lead: Lead, *args: Any) -> None:
        super().__init__(*args)
        sequence = self.fields["sequence"]
        assert isinstance(sequence, forms.ModelChoiceField)
        sequence.queryset = plan.open_to(lead)


class EnrolForm(forms.Form):
    """The form that chooses for which leads a follow-up sequence starts: by their e-mail addresses or by a tag."""

    emails = forms.CharField(
        label="E-mail addresses, one a line", required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    tag = forms.ChoiceField(
        label="or all leads tagged", required=False, choices=[("", "None"), *((tag, tag) for tag in Tag)]
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        fields = self.cleaned_data
        fields["emails"] = [
            row.strip().lower() for row in (fields.get("emails") or "").split() if row.strip()
        ]
        if len(fields["emails"]) > MAX_ADDRESSES:
            self.add_error("emails", f"At most {MAX_ADDRESSES:,} addresses at once.")
        if bool(fields["emails"]) == bool(fields.get("tag")):
            raise forms.ValidationError("Give addresses, or choose a tag: one of the two.")
        return fields

    def leads(self, workspace: Workspace) -> QuerySet[Lead]:
        leads = Lead.objects.filter(workspace=workspace).order_by("pk")
        if self.cleaned_data["tag"]:
            return leads.filter(tag=self.cleaned_data["tag"])[:MAX_ADDRESSES]
        return leads.filter(email__in=self.cleaned_data["emails"])
