"""Admin pages of sends and of the audit log. Nobody edits them. Sends that nobody knows of can be settled."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from admin.base import RecordAdmin, WorkspaceFilter, link
from admin.scope import scope_of
from inbox.models import AuditEntry, OutboundSend
from inbox.pages.access import signed_in
from inbox.pages.state_marks import state_of
from inbox.pages.templatetags.holdfast import render_chip
from inbox.replying import review
from inbox.replying.send_claims import AlreadyDecided, SendBlocked
from inbox.trace import decisions

AT_ONCE = 100
"""The most sends that one request settles."""


@admin.register(OutboundSend)
class OutboundSendAdmin(RecordAdmin):
    workspace_path = "workspace"
    trace_kind = "send"
    text_fields = ("subject", "text", "rest")
    plain_texts = ("reason", "recipients", "provider_message_id")
    list_display = ("created_at", "lead_link", "channel", "origin", "state_chip", "reason", "workspace")
    list_filter = ("state", "channel", "origin", WorkspaceFilter)
    list_select_related = ("lead", "workspace")
    ordering = ("-pk",)
    search_fields = ("lead__email__exact", "provider_message_id__exact", "origin_id__exact")
    search_help_text = "The lead's address, the provider's message id, or an id"
    heavy = ("recipients",)
    actions = ("went_out", "send_again")
    readonly_fields = ("lead_link",)

    def found_by(self, request: HttpRequest, name: str, term: str) -> list[QuerySet[OutboundSend]]:
        parts: list[QuerySet[OutboundSend]] = super().found_by(request, name, term)
        if name != "origin_id__exact":
            return parts
        # the index of origins begins with workspace and kind of origin
        return [part.filter(origin__in=OutboundSend.Origin.values) for part in parts]

    @admin.display(description="lead", ordering="lead")
    def lead_link(self, send: OutboundSend) -> SafeString:
        return link(send.lead, send.lead.display_name)

    @admin.display(description="state", ordering="state")
    def state_chip(self, send: OutboundSend) -> SafeString:
        return render_chip(state_of("send", send.state))

    def in_words(self, row: OutboundSend) -> str:
        return f"{row.lead.display_name}, {row.get_channel_display()}"

    def has_settle_permission(self, request: HttpRequest) -> bool:
        """Whether the user may say what became of a send, or send it again."""
        return scope_of(request).may("inbox.settle_outboundsend")

    @admin.action(description="It went out: settle as sent", permissions=["settle"])
    def went_out(self, request: HttpRequest, sends: QuerySet[OutboundSend]) -> HttpResponse | None:
        return self._each(
            request, sends, "went_out", lambda send: review.it_went_out(send, user=signed_in(request))
        )

    @admin.action(description="It never arrived: send again", permissions=["settle"])
    def send_again(self, request: HttpRequest, sends: QuerySet[OutboundSend]) -> HttpResponse | None:
        return self._each(
            request, sends, "send_again", lambda send: review.send_again(send, user=signed_in(request))
        )

    def _each(
        self,
        request: HttpRequest,
        sends: QuerySet[OutboundSend],
        action: str,
        do: Callable[[OutboundSend], object],
    ) -> HttpResponse | None:
        if question := self.ask_first(request, sends, action, AT_ONCE):
            return question
        done = 0
        for pk in sends.values_list("pk", flat=True)[:AT_ONCE]:
            send = OutboundSend.objects.select_related("lead").get(pk=pk)
            try:
                do(send)
                done += 1
            except (AlreadyDecided, SendBlocked) as refusal:
                messages.warning(request, f"{send}: {refusal}")
        messages.info(request, f"{done} done.")
        return None


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    workspace_path = "workspace"
    plain_texts = ("data",)
    list_display = ("created_at", "who", "what", "about", "workspace")
    list_filter = ("created_at", WorkspaceFilter)
    list_select_related = ("actor", "workspace")
    ordering = ("-pk",)
    ordering_of_one = ("-created_at", "-pk")
    search_fields = ("object_id__exact", "actor__email__exact", "action__startswith")
    search_help_text = "An object's id, a person's address, or the beginning of an action"

    def in_words(self, row: AuditEntry) -> str:
        return decisions.in_words(row.action)

    @admin.display(description="what", ordering="action")
    def what(self, entry: AuditEntry) -> SafeString:
        return format_html('{}<br><span class="mini quiet">{}</span>', self.in_words(entry), entry.action)

    @admin.display(description="about")
    def about(self, entry: AuditEntry) -> SafeString:
        """The row that it is about, with a link to its page if the admin has one."""
        models = {model._meta.model_name: model for model in self.admin_site._registry}
        model, short = models.get(entry.object_type), entry.object_id[-6:]
        if model is None:
            return format_html("{} {}", entry.object_type, short)
        return link(model(pk=entry.object_id), f"{model._meta.verbose_name} {short}")

    @admin.display(description="who", ordering="actor__email")
    def who(self, entry: AuditEntry) -> str:
        """The address, as people of several workspaces may have one name."""
        return entry.actor.email if entry.actor else "Holdfast"
