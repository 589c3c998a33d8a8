"""One line per provider: the first segment of its address and the object that plays it."""

from sandbox.calendly import Calendly
from sandbox.clay import Clay
from sandbox.emailbison import EmailBison
from sandbox.ghl import GoHighLevel
from sandbox.instantly import Instantly
from sandbox.openai import OpenAI
from sandbox.provider import Provider
from sandbox.slack import Slack
from sandbox.smartlead import SmartLead
from sandbox.unipile import Unipile

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
