"""One line per provider: the first segment of its address and the object that plays it."""

from integrations.sandbox.calendly import Calendly
from integrations.sandbox.clay import Clay
from integrations.sandbox.emailbison import EmailBison
from integrations.sandbox.ghl import GoHighLevel
from integrations.sandbox.instantly import Instantly
from integrations.sandbox.openai import OpenAI
from integrations.sandbox.provider import Provider
from integrations.sandbox.slack import Slack
from integrations.sandbox.smartlead import SmartLead
from integrations.sandbox.unipile import Unipile

PROVIDERS: dict[str, Provider] = {
    player.name: player
    for player in (
        EmailBison(),
        Unipile(),
        GoHighLevel(),
        Clay(),
        Slack(),
        OpenAI(),
        SmartLead(),
        Instantly(),
        Calendly(),
    )
}
