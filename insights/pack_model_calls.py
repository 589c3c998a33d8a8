"""Asks the language model about context packs, and adds up the cost. A model call holds no database connection."""

from pathlib import Path
from typing import TypeVar
from uuid import UUID

from inbox.replying import prompts
from inbox.replying.prompts import Prompt
from inbox.replying.prompts.sheet import Sheet
from integrations.openai.client import OpenAIClient
from integrations.openai.schema import ModelAnswer
from jobs.db import drop_connection
from jobs.deadline import Deadline

Answer = TypeVar("Answer", bound=ModelAnswer)
FOLDER = Path(__file__).parent / "prompts"


def load(name: str) -> Prompt:
    """Returns the prompt for the language model in `insights/prompts/<name>.md`."""
    return prompts.load(name, FOLDER)


class Bill:
    """The cost of model calls in millionths of a dollar. The cost includes answers that cannot be used."""

    def __init__(self) -> None:
        self.microusd = 0

    def add(self, cost_microusd: int) -> None:
        self.microusd += cost_microusd


def ask(
    prompt: Prompt, schema: type[Answer], sheet: Sheet, *, workspace_id: UUID, deadline: Deadline, bill: Bill
) -> Answer:
    """Sends the model `prompt` with the material `sheet`. Returns the model's answer as an instance of `schema`.

    The cost is added to `bill` even if the model call fails. Raises the errors of `OpenAIClient.ask`.
    """
    drop_connection()
    return OpenAIClient().ask(
        **prompt.question(sheet),
        schema=schema,
        workspace_id=workspace_id,
        deadline=deadline.within_ms(prompt.timeout_ms),
        on_cost=bill.add,
    )
