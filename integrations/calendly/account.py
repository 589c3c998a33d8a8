from integrations.calendly.client import CalendlyClient
from integrations.health.checks import Test, Wrong
from integrations.models import Integration
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    CalendlyClient.for_integration(account).me(deadline)


def check_token(test: Test) -> str:
    """Stores the token's user in `test.found` for the next check."""
    test.found = CalendlyClient.for_integration(test.account).me(test.deadline)
    return f"The token belongs to {test.found.name}." if test.found.name else ""


def check_event_type(test: Test) -> str:
    wanted = test.account.config.get("event_type_uri")
    types = CalendlyClient.for_integration(test.account).event_types(test.found.uri, test.deadline)
    chosen = next((event_type for event_type in types if event_type.uri.rstrip("/") == wanted), None)
    if wanted and chosen is None:
        raise Wrong("The selected event type doesn’t exist.", "Choose another one in the account’s settings.")
    return f"{chosen.name}." if chosen else f"{len(types)} event types. Choose one in the account’s settings."
