"""Loads the prompts for the language model. Each is a file here: a head with version, model and limits, then
instructions.

The input of a prompt is a Sheet (`inbox.replying.prompts.sheet`), and the rule about its marks is added to the
instructions. Raise `version` with every change of a file, because it is stored with the results. A test pins
the hash of each file to its version and fails if the version is not raised.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inbox.replying.prompts.sheet import RULE, Sheet

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt for the language model, with its settings. `effort` is the reasoning effort, "" for the model's default.
    `timeout_ms` limits one answer.
    """

    name: str
    version: str
    model: str
    effort: str
    max_output_tokens: int
    timeout_ms: int
    instructions: str

    @property
    def label(self) -> str:
        """The prompt's name and version, as they are stored with a result: "tag v1"."""
        return f"{self.name} v{self.version}"

    def question(self, sheet: Sheet) -> dict[str, Any]:
        """The arguments of `OpenAIClient.ask` for asking this prompt about `sheet`, its input."""
        return {
            "feature": self.name,
            "prompt_version": self.version,
            "model": self.model,
            "effort": self.effort,
            "instructions": f"{self.instructions}\n\n{RULE.format(code=sheet.code)}",
            "text": sheet.text,
            "max_output_tokens": self.max_output_tokens,
        }


@cache
def load(name: str, folder: Path = FOLDER) -> Prompt:
    """Loads the prompt for the language model from `<name>.md` in `folder`, once per process. Raises FileNotFoundError,
    and KeyError or ValueError if its head lacks a field.
    """
    _, head, instructions = (folder / f"{name}.md").read_text(encoding="utf-8").split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.strip().splitlines())
    return Prompt(
        name=name,
        version=fields["version"],
        model=fields["model"],
        effort=fields.get("effort", ""),
        max_output_tokens=int(fields["max_output_tokens"]),
        timeout_ms=int(fields["timeout_ms"]),
        instructions=instructions.strip(),
    )


def names() -> list[str]:
    """The names of all prompts for the language model, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))
