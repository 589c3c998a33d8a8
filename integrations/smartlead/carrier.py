"""Sends e-mail through SmartLead, as an answer in the campaign's thread.

SmartLead returns no message id, so a send with an unknown result is searched in the thread's history.
"""

from collections.abc import Iterator

from integrations.carriers import Accepted, CannotSend, Listed, Outgoing, Post
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline


class SmartLeadCarrier:
    """Sends e-mails through SmartLead, and lists what was sent there.

    Implements `integrations.carriers.Carrier`.
    """

    def prepare(self, message: Outgoing, account: Integration, deadline: Deadline) -> Post:
        answers = message.answers
        if answers is None or not answers.campaign_id:
            raise CannotSend(
                "SmartLead can only answer in a campaign's thread, and this reply belongs to none."
            )
        client = SmartLeadClient.for_integration(account)

        def post(within: Deadline) -> Accepted:
            client.reply(
                answers.campaign_id,
                stats_id=answers.thread_id,
                message_id=answers.external_id.partition("#")[0],
                to_email=next((one.address for one in message.to), ""),
                cc=[one.address for one in message.cc],
                subject=message.subject or answers.subject,
                html=message.html,
                deadline=within,
            )
            return Accepted(thread_id=answers.thread_id)

        return post

    def listed(self, message: Outgoing, account: Integration, deadline: Deadline) -> Iterator[Listed]:
        client = SmartLeadClient.for_integration(account)
        lead = client.find_lead(message.person.email, deadline)
        if lead is None:
            return
        campaign_id = message.answers.campaign_id if message.answers else ""
        for item in reversed(client.history(campaign_id, lead.id, deadline)):
            if item.kind.upper() == "SENT":
                yield Listed(item.message_id, item.at, item.html)
