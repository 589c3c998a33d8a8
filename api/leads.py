"""The API views `leads/…`: lists of leads, single leads and their timelines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView, ListView, RowView
from api.forms import ListQuery, PageQuery, RowSerializer
from api.messages import MESSAGES, MessageSerializer
from api.sends import SENDS, SendSerializer
from inbox.leads import labels
from inbox.leads.identity import normal_phone
from inbox.models import Campaign, Label, Lead, LeadLabel, Note, OutboundSend, User
from inbox.models.label import NAME_CHARS
from inbox.models.lead import Tag, by_alternate_email, by_alternate_phone
from inbox.pages.pagination import keyset_page

LEADS = labels.with_names(Lead.objects.select_related("campaign", "assigned_to").filter(sample=False))


class CampaignSerializer(RowSerializer):
    class Meta:
        model = Campaign
        fields = ("id", "name", "provider")


class PersonSerializer(RowSerializer):
    class Meta:
        model = User
        fields = ("id", "name")

    name = serializers.CharField()


class LeadSerializer(RowSerializer):
    campaign = CampaignSerializer(allow_null=True)
    assigned_to = PersonSerializer(allow_null=True)
    labels = serializers.ListField(child=serializers.CharField())
    updated_at = serializers.DateTimeField(source="change_began_at")

    class Meta:
        model = Lead
        fields = (
            *("id", "email", "phone", "linkedin_url", "alternate_emails", "alternate_phones"),
            *("first_name", "last_name", "company", "title", "campaign", "assigned_to"),
            *(
                "tag",
                "labels",
                "score",
                "suspected",
                "needs_reply",
                "unread",
                "snoozed_until",
                "refused_channels",
            ),
            *("opted_out_at", "bounced_at", "booked_at", "last_channel"),
            *("last_message_at", "last_inbound_at", "last_outbound_at", "created_at", "updated_at"),
        )
        extra_kwargs = {
            "booked_at": {"help_text": "When the meeting was booked, or null."},
            "suspected": {"help_text": "What a reply is suspected of, until a person decides. May be empty."},
        }


class LeadQuery(ListQuery):
    email = serializers.EmailField(required=False)
    phone = serializers.CharField(required=False, max_length=32)
    tag = serializers.ChoiceField(Tag.choices, required=False)
    label = serializers.CharField(  # type: ignore[assignment]  # the query’s name, and an attribute of each field
        required=False, max_length=NAME_CHARS, help_text="A label’s name."
    )
    needsReply = serializers.BooleanField(required=False)
    assignedTo = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    campaign = serializers.UUIDField(required=False)


class Leads(ListView):
    """Lists leads, oldest change first."""

    scopes = {"GET": "leads:read"}
    query_class = LeadQuery
    serializer_class = LeadSerializer
    rows = LEADS
    columns = {
        "tag": "tag",
        "needsReply": "needs_reply",
        "assignedTo": "assigned_to",
        "campaign": "campaign",
    }

    def select(self, query: dict[str, Any]) -> QuerySet[Lead]:
        rows = super().select(query)
        if "email" in query:
            address = query["email"].lower()
            rows = rows.filter(Q(email=address) | by_alternate_email(address))
        if "phone" in query:
            number = normal_phone(query["phone"], self.workspace.phone_region) or query["phone"]
            rows = rows.filter(Q(phone=number) | by_alternate_phone(number))
        if "label" in query:
            label = Label.objects.filter(workspace=self.workspace, name__iexact=query["label"])
            on = LeadLabel.objects.filter(label__in=label, state=LeadLabel.State.ON)
            rows = rows.filter(pk__in=on.values("lead"))
        return rows


class OneLead(RowView):
    """Returns one lead."""

    scopes = {"GET": "leads:read"}
    serializer_class: type[serializers.BaseSerializer[Any]] = LeadSerializer
    rows = LEADS


class NoteSerializer(RowSerializer):
    author = PersonSerializer(allow_null=True)

    class Meta:
        model = Note
        fields = ("id", "author", "text", "created_at")


class EntrySerializer(serializers.Serializer[Any]):
    """One entry of a lead's timeline: exactly one of `message`, `note` and `send` is not null."""

    at = serializers.DateTimeField()
    message = MessageSerializer(allow_null=True)
    note = NoteSerializer(allow_null=True)
    send = SendSerializer(allow_null=True)


class TimelineQuery(PageQuery):
    cursor = serializers.CharField(required=False, default="", max_length=120)


class Timeline(ApiView):
    scopes = {"GET": "leads:read messages:read"}
    query_class = TimelineQuery
    serializer_class = EntrySerializer
    is_list = True

    def get(self, request: Request, lead_id: UUID) -> Response:
        """Returns a lead's messages, notes and sends, newest first. A page holds `limit` messages."""
        lead, cursor = self.row(LEADS, lead_id), self.query["cursor"]
        rows = MESSAGES.filter(lead=lead)
        try:
            messages = keyset_page(rows, "sent_at", after=cursor, size=self.query["limit"])
        except Http404:
            raise serializers.ValidationError({"cursor": ["This cursor isn’t from this timeline."]}) from None
        since = messages.rows[-1].sent_at if messages.after else None
        # `keyset_page` has validated the cursor, which begins with a time
        until = datetime.fromtimestamp(int(cursor.partition("-")[0]) / 1_000_000, UTC) if cursor else None
        entries = [_entry(message.sent_at, message=message) for message in messages.rows]
        entries += _others(lead, since, until)
        entries.sort(key=itemgetter("at"), reverse=True)
        return Response({"data": EntrySerializer(entries, many=True).data, "nextCursor": messages.after})


def _others(lead: Lead, since: datetime | None, until: datetime | None) -> Iterator[dict[str, Any]]:
    """The lead's notes from `since` up to `until`, and the lead's sends of that time that have no message yet."""
    span = {"created_at__gte": since} if since else {}
    span |= {"created_at__lt": until} if until else {}
    for note in Note.objects.select_related("author").filter(lead=lead, **span).order_by("-created_at")[:200]:
        yield _entry(note.created_at, note=note)
    unsent = SENDS.filter(lead=lead, **span).exclude(state=OutboundSend.State.SENT)
    for send in unsent.order_by("-created_at")[:200]:
        yield _entry(send.created_at, send=send)


def _entry(at: datetime, **row: Any) -> dict[str, Any]:
    return {"at": at, "message": None, "note": None, "send": None} | row
