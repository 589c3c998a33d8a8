"""Loads the rule weights of the installation, and prevents the start if they cannot be used."""

from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

_unfit: list[str] = []


def take_own_weights() -> None:
    """Loads the rule weights in RULE_WEIGHTS_DIR, or the product's own if it is unset or unusable."""
    from inbox.understanding import installed_weights

    _unfit.clear()
    installed_weights.use(None)
    if not settings.RULE_WEIGHTS_DIR:
        return
    try:
        installed_weights.use(Path(settings.RULE_WEIGHTS_DIR))
    except installed_weights.Unfit as error:
        _unfit.append(str(error))


def unfit_weights() -> str:
    """Returns why the weights in RULE_WEIGHTS_DIR cannot be used, and the remedy; "" if they are used or not set."""
    return next(iter(_unfit), "")


@register()
def check_weights(**_kwargs: object) -> list[CheckMessage]:
    """Reports RULE_WEIGHTS_DIR as an error if its weights cannot be used."""
    fault = unfit_weights()
    return [Error(f"RULE_WEIGHTS_DIR: {fault}", id="holdfast.E002")] if fault else []
