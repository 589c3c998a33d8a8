"""The test of an account that somebody waits for: real, read-only, each check with its own verdict, and what to do.

The checks of one account build on each other, so the first that fails ends the test and the rest is not tried. The
calls are ordinary calls: what they find reaches health as any call's outcome does.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from integrations import health, probes
from integrations.breaker import breakers
from integrations.calendly.client import CalendlyClient
from integrations.clay.client import ClayClient
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import Outcome, ProviderError, ProviderMisconfigured
from integrations.ghl.client import GhlClient
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration, Provider
from integrations.slack.client import HISTORY_SCOPES, SlackClient
from integrations.smartlead.client import SmartLeadClient
from integrations.unipile import identity
from integrations.unipile.client import UnipileClient
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

TEST_MS = 5_000

OK, BAD, WARN, NOT_TRIED = "ok", "bad", "warn", ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a test. `tone`: ok, bad, warn, or "" where it was not tried; `fix`: what a person can do."""

    label: str
    tone: str
    said: str = ""
    fix: str = ""


class Wrong(Exception):
    """A check whose call was answered, but not as it should be."""

    def __init__(self, said: str, fix: str) -> None:
        super().__init__(said)
        self.said, self.fix = said, fix


@dataclass
class Test:
    """A test under way. `found`: what the first call answered, for the checks after it."""

    account: Integration
    deadline: Deadline
    found: Any = field(default=None)


Line = tuple[str, Callable[[Test], str]]
KEY_AT = {
    Provider.EMAILBISON: "EmailBison under Settings, Developer API",
    Provider.GHL: "GoHighLevel under Settings, Private Integrations",
    Provider.UNIPILE: "Unipile’s dashboard under Access Tokens",
    Provider.SMARTLEAD: "SmartLead under Settings, API Key",
    Provider.INSTANTLY: "Instantly under Settings, Integrations, API Keys",
    Provider.CALENDLY: "Calendly under Integrations, API & Webhooks",
    Provider.SLACK: "Slack’s app page under OAuth & Permissions",
}


def run(account: Integration) -> list[Check]:
    """Test `account` for at most TEST_MS. Makes provider calls: hold no transaction.

    Raises Cancelled and ShutdownRequested.
    """
    health.forget_successes()
    breakers.look_again(account.provider, account.workspace_id)
    test, lines = Test(account, Deadline.after_ms(TEST_MS)), []
    if ended := probes.look_at_secrets(account):
        lines.append(Check("Stored secrets", BAD, probes.UNREADABLE, probes.UNREADABLE_FIX))
    for label, check in PLANS[account.provider]:
        line = Check(label, NOT_TRIED, "Not tried.") if ended else _line(test, label, check)
        ended = ended or line.tone == BAD
        lines.append(line)
    return lines


def _line(test: Test, label: str, check: Callable[[Test], str]) -> Check:
    drop_connection()  # what the call before had reported may have opened one
    try:
        return Check(label, OK, check(test))
    except Wrong as wrong:
        return Check(label, BAD, wrong.said, wrong.fix)
    except ProviderMisconfigured as error:
        return Check(
            label, BAD, str(error), "" if " Set it in " in str(error) else "Change it under Settings."
        )
    except DeadlineExceeded:
        return Check(label, BAD, "No answer within 5 s.", _wait(test.account))
    except ProviderError as error:
        return Check(
            label, BAD, f"{_upper(str(error.outcome.label))}{_code(error)}.", _fix(test.account, error)
        )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _code(error: ProviderError) -> str:
    notes = [f"HTTP {error.status}" if error.status else "", error.code]
    detail = ", ".join(filter(None, notes))
    said = f": “{error.said}”" if error.said else ""
    return (f" ({detail})" if detail else "") + said


def _fix(account: Integration, error: ProviderError) -> str:
    """What a person can do about it."""
    if error.code == identity.ANOTHER_ACCOUNT:
        return "Somebody else logged in. Reconnect, and log in as the owner of this account."
    if error.code == "missing_credentials":
        return f"Make a new key in {KEY_AT[account.provider]}, and put it in under Settings."
    if error.code == "missing_scope":
        return f"Give the key the permission for this in {KEY_AT[account.provider]}."
    if error.outcome == Outcome.AUTH:
        if account.provider == Provider.UNIPILE:
            return "Press Reconnect, or send the account’s owner a link."
        return f"Make a new key in {KEY_AT[account.provider]}, and put it in under Settings."
    if error.outcome == Outcome.RATE_LIMITED:
        return "Nothing is wrong with the account. Test again in a few minutes."
    if error.outcome == Outcome.REJECTED:
        return "Compare the account’s id and address under Settings with the provider’s own pages."
    return _wait(account)


def _wait(account: Integration) -> str:
    name = account.get_provider_display()
    return f"The trouble is on {name}’s side or on the way there. Test again in a few minutes."


def _same(said: str, wanted: str) -> None:
    if wanted and said and said != wanted:
        raise Wrong(
            f"The key belongs to account {said}, and this is account {wanted}.",
            "Take the key of the right account, or change the account’s id under Settings.",
        )


# --- per provider ----------------------------------------------------------------------------------------------


def _emailbison_key(test: Test) -> str:
    test.found = EmailBisonClient.for_integration(test.account).account(test.deadline)
    return f"It opens {test.found.workspace_name}." if test.found.workspace_name else ""


def _emailbison_account(test: Test) -> str:
    _same(str(test.found.workspace_id or ""), test.account.external_account_id)
    return (
        f"Workspace {test.found.workspace_id}." if test.found.workspace_id else "EmailBison does not name it."
    )


def _emailbison_senders(test: Test) -> str:
    count = len(EmailBisonClient.for_integration(test.account).sender_emails(test.deadline))
    if not count:
        raise Wrong("It has no sender address.", "Connect a mailbox in EmailBison.")
    return f"{count} sender address{'' if count == 1 else 'es'}."


def _ghl_key(test: Test) -> str:
    test.found = GhlClient.for_integration(test.account).location(test.deadline)
    return ""


def _ghl_location(test: Test) -> str:
    _same(str(test.found.id), test.account.external_account_id)
    return f"{test.found.name or test.found.id}."


def _ghl_calendars(test: Test) -> str:
    count = len(GhlClient.for_integration(test.account).calendars(test.deadline))
    return f"{count} calendar{'' if count == 1 else 's'} can be read."


def _unipile_key(test: Test) -> str:
    try:
        test.found = UnipileClient.for_integration(test.account).account(test.deadline)
    except ProviderError as error:
        if error.status == 404:
            raise Wrong(
                "Unipile does not know this account.", "Copy the account’s id from Unipile’s dashboard again."
            ) from None
        raise
    return f"Unipile knows the account as {test.found.name}." if test.found.name else ""


def _unipile_owner(test: Test) -> str:
    identity.verify(test.account, test.found)
    return f"{test.found.name}." if test.found.name else ""


def _unipile_session(test: Test) -> str:
    balance = UnipileClient.for_integration(test.account).inmail_balance(test.deadline)
    return f"{balance.total} InMail credits."


def _smartlead_key(test: Test) -> str:
    count = len(SmartLeadClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."


def _instantly_key(test: Test) -> str:
    test.found = InstantlyClient.for_integration(test.account).workspace(test.deadline)
    return f"It opens {test.found.name}." if test.found.name else ""


def _instantly_campaigns(test: Test) -> str:
    count = len(InstantlyClient.for_integration(test.account).campaigns(test.deadline))
    return f"{count} campaign{'' if count == 1 else 's'} can be read."


def _calendly_token(test: Test) -> str:
    test.found = CalendlyClient.for_integration(test.account).me(test.deadline)
    return f"It is {test.found.name}’s." if test.found.name else ""


def _calendly_event_type(test: Test) -> str:
    wanted = test.account.config.get("event_type_uri")
    types = CalendlyClient.for_integration(test.account).event_types(test.found.uri, test.deadline)
    named = next((one for one in types if one.uri.rstrip("/") == wanted), None)
    if wanted and named is None:
        raise Wrong("The chosen event type does not exist.", "Choose another event type URI under Settings.")
    return f"{named.name}." if named else f"{len(types)} event types; none is chosen under Settings."


def _slack_token(test: Test) -> str:
    if not test.account.credentials.get("bot_token") and test.account.credentials.get("webhook_url"):
        return "An incoming webhook. It can only be tried by posting: use the fire drill."
    test.found = SlackClient.for_integration(test.account).identity(test.deadline)
    return f"It is of {test.found.team}." if test.found.team else ""


def _slack_scopes(test: Test) -> str:
    if test.found is None:
        return "An incoming webhook needs none."
    if missing := test.found.missing_scopes:
        raise Wrong(
            f"Missing: {', '.join(missing)}.",
            "Add them on Slack’s app page under OAuth & Permissions, then install the app again.",
        )
    if not test.found.scopes.intersection(HISTORY_SCOPES):
        return "All that are needed. With channels:history, a post that Slack did not confirm is looked for."
    return "All that are needed."


def _slack_channel(test: Test) -> str:
    channel = test.account.config.get("channel")
    if test.found is None:
        return "The webhook’s own."
    if not channel:
        raise Wrong("No channel is chosen.", "Put the channel’s id in under Settings.")
    known = {one.id: one for one in SlackClient.for_integration(test.account).channels(test.deadline)}
    found = known.get(channel) or next(
        (one for one in known.values() if one.name == channel.lstrip("#")), None
    )
    if found is None:
        raise Wrong(f"The bot cannot see {channel}.", "Invite the bot to the channel with /invite.")
    if not found.is_member:
        raise Wrong(f"The bot is not in #{found.name}.", "Invite the bot to the channel with /invite.")
    return f"#{found.name}."


def _clay_tables(test: Test) -> str:
    named = [str(table) for table in ClayClient.for_integration(test.account).tables]
    if not named:
        raise Wrong("No table has an address.", "Put the tables’ webhook addresses in under Settings.")
    return f"For {' and '.join(named)}. Clay can only be tried by a row."


PLANS: dict[str, tuple[Line, ...]] = {
    Provider.EMAILBISON: (
        ("Key accepted", _emailbison_key),
        ("Right account", _emailbison_account),
        ("Senders", _emailbison_senders),
    ),
    Provider.GHL: (
        ("Key accepted", _ghl_key),
        ("Location found", _ghl_location),
        ("Calendars", _ghl_calendars),
    ),
    Provider.UNIPILE: (
        ("Key accepted, account found", _unipile_key),
        ("Same person", _unipile_owner),
        ("LinkedIn session", _unipile_session),
    ),
    Provider.SMARTLEAD: (("Key accepted", _smartlead_key),),
    Provider.INSTANTLY: (("Key accepted", _instantly_key), ("Campaigns", _instantly_campaigns)),
    Provider.CALENDLY: (("Token accepted", _calendly_token), ("Event type", _calendly_event_type)),
    Provider.SLACK: (
        ("Token accepted", _slack_token),
        ("Permissions", _slack_scopes),
        ("Channel", _slack_channel),
    ),
    Provider.CLAY: (("Tables", _clay_tables),),
}
"""The checks of each provider, in their order; tests walk it."""
