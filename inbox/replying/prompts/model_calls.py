"""Asks the language model with a prompt, checks the answer against its schema, and records outages of the model.
If no key for the model is set, jobs continue without it and report that. If the model cannot be reached, jobs that need
it are postponed to the next full minute, so that they resume in order.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import Error
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from inbox.models import ModelOutage
from inbox.replying.prompts import Prompt
from inbox.replying.prompts.sheet import Sheet
from integrations.errors import ProviderAuthError, ProviderError, ProviderMisconfigured, ProviderRejected
from integrations.models import CircuitBreaker
from integrations.openai import NAME as OPENAI
from integrations.openai.client import OpenAIClient
from integrations.openai.errors import QUOTA, AnswerRefused, AnswerUnusable
from integrations.openai.schema import ModelAnswer
from integrations.visits import visit
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Snooze, TransientError
from jobs.models import BackgroundJob, JobAction

logger = logging.getLogger(__name__)
UNUSABLE_ATTEMPTS = 4
"""The number of unusable answers after which a job's other steps continue without the model."""
UNUSABLE = f"The model didn’t give a usable answer in {UNUSABLE_ATTEMPTS} attempts."
MINUTE = timedelta(minutes=1)
LONG = timedelta(minutes=10)
"""The length of an outage after which all waiting jobs become due at once. Until then, they are due within minutes."""
Answer = TypeVar("Answer", bound=ModelAnswer)
NO_KEY = "No model is connected (OPENAI_API_KEY is not set)."


class NoModel(Exception):
    """The language model does not answer the question. The text is a sentence with the reason."""


class ModelAway(NoModel):
    """A configured language model cannot be reached now. Jobs that need the model are postponed."""


class TextRefused(NoModel):
    """The language model, or its content filter, refuses to answer about this text."""


def ready() -> bool:
    return bool(settings.OPENAI_API_KEY)


def ask(
    prompt: Prompt, schema: type[Answer], sheet: Sheet, *, workspace_id: UUID | None, deadline: Deadline
) -> Answer:
    """Asks the model with `prompt` and `sheet`, and returns its answer as an instance of `schema`. Holds no database
    connection during the call. Records the start and the end of an outage.

    Raises NoModel if no key is set, TextRefused if the model refuses the text, ModelAway if OpenAI rejected the API key
    or request, Snooze if the model cannot be reached, and AnswerUnusable if another attempt may help.
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
        _note(_end_outage)
        raise TextRefused("The model refused to answer.") from error
    except (ProviderAuthError, ProviderRejected, ProviderMisconfigured) as error:
        raise away(_why(error)) from error
    except ProviderError as error:
        if isinstance(error, TransientError) and not isinstance(error, AnswerUnusable):
            note_away(f"{error}.")
            raise Snooze(next_minute(error.retry_after_ms or 0), f"{error}: trying again.") from error
        raise
    _note(_end_outage)
    return answer


def _why(error: ProviderAuthError | ProviderRejected | ProviderMisconfigured) -> str:
    """Returns the reason of an outage as a sentence. Texts of these errors contain no key and no people's text."""
    if isinstance(error, ProviderMisconfigured):
        return f"The model isn’t set up correctly: {error}"
    quote = f": “{error.said}”" if error.said else ""
    if error.code in QUOTA:
        return f"OpenAI says the quota is used up ({error.code}){quote}."
    if isinstance(error, ProviderAuthError):
        return f"OpenAI rejected the API key ({error.code or error.status}){quote}."
    # Any question would fail, because the model was retired, or because OpenAI no longer supports our request.
    return f"OpenAI rejected the request ({error.code or error.status}){quote}."


def away(why: str) -> ModelAway:
    """Records that the model cannot be reached for the reason `why`, and returns a ModelAway to raise."""
    note_away(why)
    return ModelAway(why)


def note_away(why: str) -> None:
    """Records that a call to the model has failed for the reason `why`, cut to 300 characters. Raises nothing."""
    now = timezone.now()
    row = ModelOutage(provider=OPENAI, since=now, tried_at=now, why=why[:300])
    _note(
        lambda: ModelOutage.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["provider"], update_fields=["tried_at", "why"]
        )
    )


def _end_outage() -> None:
    ended = outage()
    if ended is None or not ModelOutage.objects.filter(provider=OPENAI).delete()[0]:
        return
    waiting = _waiting()
    if timezone.now() - ended.since > LONG:
        waiting.filter(run_at__gt=next_minute()).update(run_at=next_minute())
    # A job that asked in vain may be due later than a newer job that did not ask. To keep the order of a workspace's
    # jobs, all become due with the first one, and none becomes due later. Jobs with an unusable answer keep waiting.
    asking = waiting.exclude(last_error=UNUSABLE)
    times = asking.values_list("tenant").annotate(first=Min("run_at"), last=Max("run_at"))
    for tenant, first, last in times:
        moment = min(first, next_minute() - MINUTE)
        if last > moment:
            asking.filter(tenant=tenant, run_at__gt=moment).update(run_at=moment)


def _waiting() -> QuerySet[BackgroundJob]:
    """Returns the queued jobs about replies that waited for the model and may ask it now. Jobs whose time a person has
    set are left out. Jobs of a workspace whose own calls are stopped are left out too, because an answer to another
    workspace proves nothing about these calls.
    """
    stopped = CircuitBreaker.objects.filter(
        Q(open_until__isnull=False) | Q(throttled_until__gt=Now()), provider=OPENAI, workspace__isnull=False
    )
    moved = JobAction.objects.filter(job=OuterRef("pk"), action=JobAction.Action.RUN_AT)
    return BackgroundJob.objects.filter(
        ~Exists(moved), kind__startswith="inbound.", status="queued", snoozes__gt=0
    ).exclude(tenant__in=stopped.values("workspace"))


def _note(write: Callable[[], object]) -> None:
    """Runs `write`, which records something about an outage. If the database fails, only this record is lost."""
    try:
        with visit():
            write()
    except Error:
        logger.warning("state of the model not noted", exc_info=True)
        drop_connection()


def outages() -> QuerySet[ModelOutage]:
    """Returns a queryset of the current outage. It is empty if the model has answered the last call."""
    return ModelOutage.objects.filter(provider=OPENAI)


def outage() -> ModelOutage | None:
    return outages().first()


def tried_since(moment: datetime) -> str:
    """Returns why a job that was postponed to `moment` (aware) need not ask the model; "" if it should ask. Only the
    first of the jobs that wait for the same moment asks.
    """
    current = outage()
    return current.why if current is not None and current.tried_at >= moment else ""


def next_minute(after_ms: float = 0) -> datetime:
    """Returns the next full minute (aware), or the first one after the delay `after_ms` that OpenAI requests."""
    now = timezone.now() + timedelta(milliseconds=after_ms)
    return now.replace(second=0, microsecond=0) + MINUTE
