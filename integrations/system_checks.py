"""Checks that the providers' declarations are complete and do not contradict each other."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from integrations import registry


def check_declarations(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        problems = registry.problems()
    except ImproperlyConfigured as incomplete:
        problems = [str(incomplete)]
    hint = "docs/adding-a-provider.md describes each capability."
    return [Error(problem, hint=hint, id="integrations.E001") for problem in problems]
