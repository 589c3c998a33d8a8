"""Prompts are files with versions: a change without a new version is a mistake that this test catches."""

import hashlib
import re

import pytest

from inbox.replying import prompts
from inbox.replying.prompts.sheet import RULE
from sandbox.openai import EFFORTS

KNOWN = {
    "email": ("3", "11a73541d068"),
    "evaluate": ("3", "57ce5a46bb9f"),
    "linkedin": ("3", "4e0758820735"),
    "revise": ("3", "3ec36d59db36"),
    "signature": ("2", "8499b4266831"),
    "sms": ("3", "ed17bb4962f5"),
    "strategy": ("3", "04fa29d5e8d9"),
    "tag": ("3", "d0538e923c60"),
    "verify": ("3", "f8103053f5a6"),
}


@pytest.mark.parametrize("name", prompts.names())
def test_a_changed_prompt_has_a_new_version(name):
    content = (prompts.FOLDER / f"{name}.md").read_bytes()

    assert (prompts.load(name).version, hashlib.sha256(content + RULE.encode()).hexdigest()[:12]) == KNOWN[
        name
    ]


@pytest.mark.parametrize("name", prompts.names())
def test_a_prompt_asks_its_model_for_an_effort_that_it_has(name):
    prompt = prompts.load(name)

    allowed = next(efforts for pattern, efforts in EFFORTS if re.match(pattern, prompt.model))

    assert prompt.effort in ("", *allowed)
    assert prompt.max_output_tokens >= 500 and 5_000 <= prompt.timeout_ms <= 120_000
