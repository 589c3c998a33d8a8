"""Whether the weights that the installation has named are judged by; if not, the start is refused in words."""

from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_unfit: list[str] = []


def take_own_weights() -> None:
    """Judge by the weights in RULE_WEIGHTS_DIR, if it is set and they are fit; else by the product's own."""
    from inbox.understanding import installed

    _unfit.clear()
    installed.use(None)
    if not settings.RULE_WEIGHTS_DIR:
        return
    try:
        installed.use(Path(settings.RULE_WEIGHTS_DIR))
    except installed.Unfit as error:
        _unfit.append(str(error))


def unfit_weights() -> str:
    """Why the weights in RULE_WEIGHTS_DIR are not judged by, and what to do; "" where all is well."""
    return next(iter(_unfit), "")


@register()
def check_weights(**_kwargs: object) -> list[CheckMessage]:
    found = unfit_weights()
    return [Error(f"RULE_WEIGHTS_DIR: {found}", id="holdfast.E002")] if found else []
