"""System check that the declarations of providers are complete and do not contradict each other."""

from typing import Any

from django.core.checks import CheckMessage, Error

from integrations import registry
from integrations.spec import Incomplete


def check_declarations(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        problems = registry.problems()
    except Incomplete as incomplete:
        problems = [str(incomplete)]
    hint = "docs/adding-a-provider.md says what each capability is."
    return [Error(problem, hint=hint, id="integrations.E001") for problem in problems]
