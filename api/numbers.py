"""The API views `accounts/` and `insights/overview/`, whose responses say up to which time they are complete."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView
from api.forms import Input
from inbox.health import receipts
from insights import overview_numbers
from integrations.models import WorkspaceIntegrationHealth

LONGEST = timedelta(days=400)
SPAN = timedelta(days=30)


class AccountSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    name = serializers.CharField()
    accountId = serializers.CharField(source="external_account_id")
    enabled = serializers.BooleanField()
    state = serializers.CharField(source="standing.state")
    reason = serializers.CharField(source="standing.reason")
    since = serializers.DateTimeField(source="standing.since", allow_null=True)
    lostMailboxes = serializers.ListField(child=serializers.CharField(), source="standing.lost_mailboxes")
    lastReceivedAt = serializers.DateTimeField(source="standing.last_received_at", allow_null=True)
    completeThrough = serializers.DateTimeField(source="complete_through", allow_null=True)


class Accounts(ApiView):
    scopes = {"GET": "health:read"}
    serializer_class = AccountSerializer
    is_list = True

    def get(self, request: Request) -> Response:
        """Returns the workspace's connected accounts. `completeThrough` is the time up to which every message in the
        provider's lists is stored here.
        """
        rows = list(self.workspace.integrations.select_related("health").defer("credentials"))
        compared = receipts.lately(self.workspace)
        for row in rows:
            account = compared.get(row.pk)
            vars(row)["complete_through"] = account and account.through
            vars(row)["standing"] = getattr(row, "health", None) or WorkspaceIntegrationHealth()
        return Response({"data": AccountSerializer(rows, many=True).data, "nextCursor": None})


class SpanQuery(Input):
    def get_fields(self) -> Any:
        """The fields `from` and `to`. Python reserves the word `from`, so it cannot be a class attribute."""
        return {name: serializers.DateTimeField(required=False) for name in ("from", "to")}

    def validate(self, attrs: Any) -> Any:
        until = attrs.get("to") or timezone.now()
        since = attrs.get("from") or until - SPAN
        if not timedelta(0) < until - since <= LONGEST:
            raise serializers.ValidationError({"from": [f"Up to {LONGEST.days} days before `to`."]})
        return {"since": since, "until": until}


class CampaignNumbersSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="campaign_id", allow_null=True)
    name = serializers.CharField()
    replies = serializers.IntegerField()
    people = serializers.IntegerField()
    positive = serializers.IntegerField()
    booked = serializers.IntegerField()
    answerSeconds = serializers.FloatField(source="answer_s", allow_null=True)


class OverviewAnswerSerializer(serializers.Serializer[Any]):
    replies = serializers.IntegerField()
    people = serializers.IntegerField()
    positive = serializers.IntegerField()
    booked = serializers.IntegerField()
    answerSeconds = serializers.FloatField(source="answer_s", allow_null=True, help_text="The median.")
    campaigns = CampaignNumbersSerializer(many=True)
    waiting = serializers.IntegerField(help_text="Leads who need a reply now.")
    completeThrough = serializers.DateTimeField(allow_null=True)
    complete = serializers.BooleanField(help_text="Whether the data up to then is complete.")


class Overview(ApiView):
    scopes = {"GET": "insights:read"}
    query_class = SpanQuery
    serializer_class = OverviewAnswerSerializer

    def get(self, request: Request) -> Response:
        """Returns the Insights page's numbers between `from` (by default 30 days ago) and `to` (by default now)."""
        since, until = self.query["since"], self.query["until"]
        numbers = overview_numbers.overview(self.workspace.pk, since, until)
        whole = receipts.between(self.workspace, since, until)
        more = {
            "waiting": overview_numbers.waiting(self.workspace),
            "completeThrough": whole.through,
            "complete": bool(whole.through and not whole.is_troubled),
        }
        return self.answer(vars(numbers) | more)
