"""Loads the prompts for the language model. Each prompt is a file in this folder: a head with version, model and
limits, then the instructions, to which the rule about the marks of a Sheet is appended. Increase `version` with every
change of a file: it is stored with the results, and a test pins the hash of each file to its version.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inbox.replying.prompts.sheet import RULE, Sheet

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt for the model. `effort` is the reasoning effort, "" for the model's default. `timeout_ms` is the time
    limit of one answer.
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
        """The name that is stored with a result, such as "tag v1"."""
        return f"{self.name} v{self.version}"

    def question(self, sheet: Sheet) -> dict[str, Any]:
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
    """Returns the prompt in `<name>.md`, read once per process. Raises FileNotFoundError, KeyError or ValueError."""
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
    return sorted(path.stem for path in FOLDER.glob("*.md"))
