"""E-mail by SmartLead: an answer in the campaign's thread. Its answer names no message; the thread's history does."""

from collections.abc import Iterator

from inbox.models import OutboundSend
from inbox.replying.carriers.base import Accepted, CannotSend, Carrier, Listed, Post, addresses, as_html
from integrations.models import Integration, Provider
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline


class SmartLead(Carrier):
    provider = Provider.SMARTLEAD

    def prepare(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Post:
        reply_to, campaign_id = send.reply_to, _campaign_id(send)
        if reply_to is None or not campaign_id:
            raise CannotSend(
                "SmartLead can only answer in a campaign's thread, and this reply belongs to none."
            )
        client = SmartLeadClient.for_integration(integration)

        def post(within: Deadline) -> Accepted:
            client.reply(
                campaign_id,
                stats_id=reply_to.thread_id,
                message_id=reply_to.external_id.partition("#")[0],
                to_email=next(iter(addresses(send, "to")), ""),
                cc=addresses(send, "cc"),
                subject=send.subject or reply_to.subject,
                html=as_html(send),
                deadline=within,
            )
            return Accepted(thread_id=reply_to.thread_id)

        return post

    def listed(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Iterator[Listed]:
        client = SmartLeadClient.for_integration(integration)
        lead = client.find_lead(send.lead.email, deadline)
        if lead is None:
            return
        for item in reversed(client.history(_campaign_id(send), lead.id, deadline)):
            if item.kind.upper() == "SENT":
                yield Listed(item.message_id, item.at, item.html)


def _campaign_id(send: OutboundSend) -> str:
    campaign = send.reply_to.campaign if send.reply_to else None
    return campaign.external_id if campaign and campaign.provider == Provider.SMARTLEAD else ""
