"""Every prompt is a file here: a head that says version, model and limits, and the instructions.

What it is asked with is a Sheet (`inbox.prompts.sheet`), whose rule stands below the instructions. Raise `version` with
every change of a file: it is stored with what the prompt produced. A test pins each file's hash to its version, so that
a forgotten raise fails.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inbox.prompts.sheet import RULE, Sheet

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Prompt:
    """`effort`: reasoning effort, "" for the model's own. `timeout_ms`: limit of one answer."""

    name: str
    version: str
    model: str
    effort: str
    max_output_tokens: int
    timeout_ms: int
    instructions: str

    @property
    def label(self) -> str:
        """What is stored with a result: "tag v1"."""
        return f"{self.name} v{self.version}"

    def question(self, sheet: Sheet) -> dict[str, Any]:
        """What `OpenAIClient.ask` is given to ask this of `sheet`."""
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
    """The prompt `<name>.md`. Raises FileNotFoundError, and KeyError or ValueError for a head that lacks a field."""
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
    """All prompts, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))
