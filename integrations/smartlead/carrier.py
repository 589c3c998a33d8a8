"""Sends email through SmartLead, as an answer in the campaign's thread.

SmartLead returns no message id, so a send whose outcome is unknown is looked up in the thread's history.
"""

from collections.abc import Iterator
from dataclasses import replace

from integrations.carriers import Accepted, Answered, CannotSend, Listed, Outgoing, Post
from integrations.events import Person
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline


class SmartLeadCarrier:
    def prepare(self, message: Outgoing, account: Integration, deadline: Deadline) -> Post:
        answers = message.answers
        if answers is None or not answers.campaign_id:
            raise CannotSend("SmartLead can only answer in a campaign thread, and this reply isn’t in one.")
        client = SmartLeadClient.for_integration(account)
        answers = (
            answers
            if answers.thread_id and answers.external_id
            else _found(client, message, answers, deadline)
        )

        def post(within: Deadline) -> Accepted:
            client.reply(
                answers,
                to_email=next((mailbox.address for mailbox in message.to), ""),
                cc=[mailbox.address for mailbox in message.cc],
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
        for entry in reversed(client.history(campaign_id, lead.id, deadline)):
            if entry.kind.upper() == "SENT":
                yield Listed(entry.message_id, entry.at, entry.html)


def _found(client: SmartLeadClient, message: Outgoing, answers: Answered, deadline: Deadline) -> Answered:
    """Returns `answers` with the ids of the lead's newest reply, which its webhook lacked. Raises CannotSend."""
    lead = client.find_lead(message.person.email, deadline)
    for entry in reversed(client.history(answers.campaign_id, lead.id, deadline) if lead else []):
        if entry.kind.upper() == "REPLY" and entry.stats_id and entry.message_id:
            return replace(answers, thread_id=entry.stats_id, external_id=entry.message_id)
    raise CannotSend(
        "SmartLead doesn’t list a reply from this lead in the campaign, so there’s nothing to answer."
    )


def stop_campaign(account: Integration, campaign_id: str, person: Person, deadline: Deadline) -> str:
    client = SmartLeadClient.for_integration(account)
    lead = client.find_lead(person.email, deadline)
    if lead is None:
        return "not known there"
    client.unsubscribe(campaign_id, lead.id, deadline)
    return "stopped"
