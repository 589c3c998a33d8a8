"""Prompts are files with versions: a change without a new version is a mistake that this test catches."""

import hashlib
import re

import pytest

from inbox import prompts
from sandbox.openai import EFFORTS

KNOWN = {
    "email": ("1", "accfd40e90f0"),
    "evaluate": ("1", "be98d58f533d"),
    "linkedin": ("1", "cdb9b961e5da"),
    "revise": ("1", "f48045bb48b7"),
    "signature": ("1", "74f4742da70f"),
    "sms": ("1", "406a7ff3012c"),
    "strategy": ("1", "f4ce4e4092ff"),
    "tag": ("1", "ca702db663ec"),
    "verify": ("1", "b4285fd530cf"),
}


@pytest.mark.parametrize("name", prompts.names())
def test_a_changed_prompt_has_a_new_version(name):
    content = (prompts.FOLDER / f"{name}.md").read_bytes()

    assert (prompts.load(name).version, hashlib.sha256(content).hexdigest()[:12]) == KNOWN[name]


@pytest.mark.parametrize("name", prompts.names())
def test_a_prompt_asks_its_model_for_an_effort_that_it_has(name):
    prompt = prompts.load(name)

    allowed = next(efforts for pattern, efforts in EFFORTS if re.match(pattern, prompt.model))

    assert prompt.effort in ("", *allowed)
    assert prompt.max_output_tokens >= 500 and 5_000 <= prompt.timeout_ms <= 120_000
