"""Prompts are files with versions: a change without a new version is a mistake that this test catches."""

import hashlib
import re

import pytest

from inbox import prompts
from sandbox.openai import EFFORTS

KNOWN = {
    "email": ("2", "77c330c6809c"),
    "evaluate": ("2", "46c9df7b3b2e"),
    "linkedin": ("2", "80e710e5052f"),
    "revise": ("2", "5c2751cbdf5f"),
    "signature": ("1", "74f4742da70f"),
    "sms": ("2", "998cbd23b601"),
    "strategy": ("2", "b2cdd06fec9e"),
    "tag": ("1", "ca702db663ec"),
    "verify": ("2", "8123e4de3c07"),
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
