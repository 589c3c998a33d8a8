"""Asking the model: one way, with a prompt from a file and an answer that is checked against its schema.

No key, or one that OpenAI refuses, is a state of this installation and no error of a job: the work goes on without the
model and says so. An outage puts the job off to the next full minute, so that what waits comes back in its order.
"""

from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from inbox.prompts import Prompt
from integrations.errors import ProviderAuthError, ProviderError, ProviderRejected
from integrations.openai.client import OpenAIClient
from integrations.openai.errors import AnswerRefused, AnswerUnusable
from integrations.openai.schema import ModelAnswer
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Snooze, TransientError

Answer = TypeVar("Answer", bound=ModelAnswer)
NO_KEY = "No model is connected (OPENAI_API_KEY is not set)."


class NoModel(Exception):
    """There is no model that would answer; the text says why, as a sentence."""


class Refused(NoModel):
    """The model, or its content filter, refuses this very text."""


def ready() -> bool:
    """Whether a model is configured."""
    return bool(settings.OPENAI_API_KEY)


def ask(
    prompt: Prompt, schema: type[Answer], text: str, *, workspace_id: UUID | None, deadline: Deadline
) -> Answer:
    """The model's answer to `text`, as `schema`. No database connection is held meanwhile.

    Raises NoModel, Snooze where the model is out of reach, and AnswerUnusable, which is worth another attempt.
    """
    if not ready():
        raise NoModel(NO_KEY)
    drop_connection()
    try:
        return OpenAIClient().ask(
            feature=prompt.name,
            prompt_version=prompt.version,
            model=prompt.model,
            effort=prompt.effort,
            schema=schema,
            instructions=prompt.instructions,
            text=text,
            max_output_tokens=prompt.max_output_tokens,
            workspace_id=workspace_id,
            deadline=deadline.within_ms(prompt.timeout_ms),
        )
    except ProviderAuthError as error:
        raise NoModel("OpenAI refuses our key.") from error
    except AnswerRefused as error:
        raise Refused("The model refuses to answer this.") from error
    except ProviderRejected as error:
        # Whatever the text: a model that was retired, a request that is not understood any more.
        raise NoModel(f"OpenAI does not take our request ({error.code or error.status}).") from error
    except ProviderError as error:
        if isinstance(error, TransientError) and not isinstance(error, AnswerUnusable):
            raise Snooze(_later(error.retry_after_ms), f"{error}: trying again.") from error
        raise


def _later(retry_after_ms: int | None) -> datetime:
    """The next full minute, or the one after the time that OpenAI asks for: one slot for all, so that order holds."""
    now = timezone.now() + timedelta(milliseconds=retry_after_ms or 0)
    return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
