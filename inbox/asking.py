"""Asking the model: one way, with a prompt from a file and an answer that is checked against its schema.

No key is a state of this installation and no error of a job: the work goes on without the model and says so. A model
that is configured and cannot be had (`ModelAway`, or an outage) is waited for: what needs it is put off to the next
full minute, so that what waits comes back in its order. `outage` says since when, and why.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import Error
from django.utils import timezone

from inbox.models import ModelOutage
from inbox.prompts import Prompt
from inbox.prompts.sheet import Sheet
from integrations.errors import ProviderAuthError, ProviderError, ProviderMisconfigured, ProviderRejected
from integrations.openai.client import OpenAIClient
from integrations.openai.errors import AnswerRefused, AnswerUnusable
from integrations.openai.schema import ModelAnswer
from integrations.visits import visit
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Snooze, TransientError
from jobs.models import BackgroundJob

logger = logging.getLogger(__name__)
OPENAI = "openai"
LONG = timedelta(minutes=10)
"""What has waited for longer than this may wait for different moments."""
QUOTA = ("insufficient_quota", "billing_hard_limit_reached")
Answer = TypeVar("Answer", bound=ModelAnswer)
NO_KEY = "No model is connected (OPENAI_API_KEY is not set)."


class NoModel(Exception):
    """There is no model that would answer; the text says why, as a sentence."""


class ModelAway(NoModel):
    """A model is configured and cannot be had now: what needs it waits until it can."""


class Refused(NoModel):
    """The model, or its content filter, refuses this very text."""


def ready() -> bool:
    """Whether a model is configured."""
    return bool(settings.OPENAI_API_KEY)


def ask(
    prompt: Prompt, schema: type[Answer], sheet: Sheet, *, workspace_id: UUID | None, deadline: Deadline
) -> Answer:
    """The model's answer to `sheet`, as `schema`. No database connection is held meanwhile.

    Raises NoModel (ModelAway where it is worth waiting for), Snooze where the model is out of reach, and
    AnswerUnusable, which is worth another attempt.
    """
    if not ready():
        raise NoModel(NO_KEY)
    drop_connection()
    try:
        answer = OpenAIClient().ask(
            **prompt.question(sheet),
            schema=schema,
            workspace_id=workspace_id,
            deadline=deadline.within_ms(prompt.timeout_ms),
        )
    except AnswerRefused as error:
        _note_answer()
        raise Refused("The model refuses to answer this.") from error
    except (ProviderAuthError, ProviderRejected, ProviderMisconfigured) as error:
        raise away(_why(error)) from error
    except ProviderError as error:
        if isinstance(error, TransientError) and not isinstance(error, AnswerUnusable):
            note_away(f"{error}.")
            raise Snooze(_later(error.retry_after_ms), f"{error}: trying again.") from error
        raise
    _note_answer()
    return answer


def _why(error: ProviderAuthError | ProviderRejected | ProviderMisconfigured) -> str:
    """The sentence for people. What these errors say of themselves holds no key and nobody's text."""
    if isinstance(error, ProviderMisconfigured):
        return f"The model is not set up right: {error}"
    said = f": “{error.said}”" if error.said else ""
    if error.code in QUOTA:
        return f"OpenAI says that our quota is used up ({error.code}){said}."
    if isinstance(error, ProviderAuthError):
        return f"OpenAI refuses our key ({error.code or error.status}){said}."
    # Whatever the text: a model that was retired, a request that is not understood any more.
    return f"OpenAI does not take our request ({error.code or error.status}){said}."


def away(why: str) -> ModelAway:
    """The error that says that the model cannot be had now, noted for everybody. `why`: a sentence."""
    note_away(why)
    return ModelAway(why)


def note_away(why: str) -> None:
    """Remember that a call came to nothing just now."""
    now = timezone.now()
    row = ModelOutage(provider=OPENAI, since=now, tried_at=now, why=why[:300])
    _note(
        lambda: ModelOutage.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["provider"], update_fields=["tried_at", "why"]
        )
    )


def _note_answer() -> None:
    _note(_end_outage)


def _end_outage() -> None:
    known = outage()
    if known is None:
        return
    ModelOutage.objects.filter(provider=OPENAI).delete()
    if timezone.now() - known.since > LONG:
        # Some wait for a later hour than others: from here on all wait for one moment, and keep their order.
        waiting = BackgroundJob.objects.filter(kind__startswith="inbound.", status="queued", snoozes__gt=0)
        waiting.filter(run_at__gt=next_minute()).update(run_at=next_minute())


def _note(write: Callable[[], object]) -> None:
    """A database that is away costs the note, not the answer."""
    try:
        with visit():
            write()
    except Error:
        logger.warning("state of the model not noted", exc_info=True)
        drop_connection()


def outage() -> ModelOutage | None:
    """Since when, and why, the model cannot be had; None where the last call was answered."""
    return ModelOutage.objects.filter(provider=OPENAI).first()


def tried_since(moment: datetime) -> str:
    """Why a job that was due to ask again at `moment` need not try; "" where it should.

    Of all that wait for one moment only the first asks: where the model is still away, the others go on waiting.
    """
    known = outage()
    return known.why if known is not None and known.tried_at >= moment else ""


def next_minute() -> datetime:
    """When to ask again."""
    return _later(None)


def _later(retry_after_ms: int | None) -> datetime:
    """The next full minute, or the one after the time that OpenAI asks for: one slot for all, so that order holds."""
    now = timezone.now() + timedelta(milliseconds=retry_after_ms or 0)
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
