"""A system check that keeps the server from starting with an incomplete API view: each method needs a scope, and each
write must be safe to repeat.
"""

import inspect
from collections.abc import Iterator

from django.core.checks import CheckMessage, Error

from api.access import ANY
from api.base import ApiView, ListView, NoSuchAddress, RowView
from integrations.models import Scope

WRITE = "Decorate the method with api.repeating.repeatable."


def views() -> Iterator[tuple[str, type[ApiView]]]:
    """Yields each URL pattern of the API with its view."""
    from api import urls  # imported here because it loads all pages, which a worker does not need

    for pattern in urls.urlpatterns:
        yield str(pattern.pattern), vars(pattern.callback)["cls"]


def check_views(**_kwargs: object) -> list[CheckMessage]:
    """Reports API methods without a scope, unknown scopes, views without the method or the `rows` attribute that their
    base class requires, and writes without `repeatable`.
    """
    hint = "State it in `scopes` of the view (api.base.ApiView)."
    problems: list[CheckMessage] = []
    for address, view in views():
        methods = [name.upper() for name in view.http_method_names if hasattr(view, name)]
        problems += [
            Error(f"{method} api/v1/{address} has no scope.", hint=hint, id="api.E001")
            for method in methods
            if method not in view.scopes
        ]
        problems += [
            Error(
                f"api/v1/{address} names the scope “{scope}”, which does not exist.", hint=hint, id="api.E002"
            )
            for stated in view.scopes.values()
            for scope in stated.split()
            if scope != ANY and scope not in Scope.values
        ]
        if inspect.isabstract(view) or (issubclass(view, RowView | ListView) and not hasattr(view, "rows")):
            message = f"The view for api/v1/{address} is missing a method or rows that its base declares."
            problems.append(Error(message, hint="Define it.", id="api.E003"))
        problems += [
            Error(f"{method} api/v1/{address} is not repeatable.", hint=WRITE, id="api.E004")
            for method in methods
            if method != "GET" and view is not NoSuchAddress
            if not hasattr(getattr(view, method.lower()), "repeatable")
        ]
    return problems
