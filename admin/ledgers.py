"""Read-only admin pages of sends and of the audit log. Sends whose outcome is unknown can be settled."""

from collections.abc import Callable
from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from admin.base import LeadRecordAdmin, RecordAdmin, right
from admin.columns import chip, link, linked
from inbox.models import AuditEntry, OutboundSend
from inbox.pages.access import signed_in
from inbox.replying import review
from inbox.replying.send_claims import AlreadyDecided, SendBlocked
from inbox.trace import decisions

AT_ONCE = 100
"""The most sends that one request settles."""


@admin.register(OutboundSend)
class OutboundSendAdmin(LeadRecordAdmin):
    trace_kind = "send"
    text_fields = ("subject", "text", "rest")
    plain_texts = ("reason", "recipients", "provider_message_id")
    list_display = ("created_at", linked("lead"), "channel", "origin", chip("state", "send"), "reason")
    search_fields = ("lead__email__exact", "provider_message_id__exact", "origin_id__exact")
    search_help_text = "Lead’s email, provider’s message ID, or another ID"
    heavy = ("recipients",)
    actions = ("went_out", "send_again")
    index_begins: ClassVar = {"origin_id__exact": ("origin", lambda: OutboundSend.Origin.values)}

    def in_words(self, row: OutboundSend) -> str:
        return f"{row.lead.display_name}, {row.get_channel_display()}"

    has_settle_permission = right("inbox.settle_outboundsend")

    @admin.action(description="Mark as sent", permissions=["settle"])
    def went_out(self, request: HttpRequest, sends: QuerySet[OutboundSend]) -> HttpResponse | None:
        return self._settle(request, sends, review.it_went_out)

    @admin.action(description="Send again", permissions=["settle"])
    def send_again(self, request: HttpRequest, sends: QuerySet[OutboundSend]) -> HttpResponse | None:
        return self._settle(request, sends, review.send_again)

    def _settle(
        self, request: HttpRequest, sends: QuerySet[OutboundSend], do: Callable[..., object]
    ) -> HttpResponse | None:
        if question := self.ask_first(request, sends, AT_ONCE):
            return question
        user, refusals = signed_in(request), (AlreadyDecided, SendBlocked)
        # the list loads sends without the text of their messages
        whole = OutboundSend.objects.select_related("lead")
        done = self.act_on_each(
            request, sends[:AT_ONCE], lambda send: do(whole.get(pk=send.pk), user=user), refusals
        )
        messages.info(request, f"{done} done.")
        return None


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    plain_texts = ("data",)
    list_display = ("created_at", "who", "what", "about")
    list_filter = ("created_at",)
    list_select_related = ("actor", "program")
    ordering_of_one = ("-created_at", "-pk")
    search_fields = ("object_id__exact", "actor__email__exact", "action__startswith")
    search_help_text = "Object ID, email, or the start of an action’s name"

    def in_words(self, row: AuditEntry) -> str:
        return decisions.in_words(row.action)

    @admin.display(description="what", ordering="action")
    def what(self, entry: AuditEntry) -> SafeString:
        return format_html('{}<br><span class="mini quiet">{}</span>', self.in_words(entry), entry.action)

    @admin.display(description="about")
    def about(self, entry: AuditEntry) -> SafeString:
        """Shows the subject of the audit entry, with a link to the subject's admin page, if there is one."""
        models = {model._meta.model_name: model for model in self.admin_site._registry}
        model, short = models.get(entry.object_type), entry.object_id[-6:]
        if model is None:
            return format_html("{} {}", entry.object_type, short)
        return link(model(pk=entry.object_id), f"{model._meta.verbose_name} {short}")

    @admin.display(description="who", ordering="actor__email")
    def who(self, entry: AuditEntry) -> str:
        """Shows the email address of the actor, because people in different workspaces may share a name."""
        return entry.actor.email if entry.actor else entry.author or "Holdfast"
