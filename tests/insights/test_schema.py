"""What the model answers is clamped, never refused for its length; claims without a message are left out; prompts have
versions."""

import hashlib
from uuid import uuid4

import pytest

from inbox.replying import prompts
from inbox.replying.prompts.sheet import RULE
from insights import pack_model_calls, readings
from insights.readings import Material, cited
from insights.schema import InsightAnswer, PackAnswer

KNOWN = {
    "answer_pack": ("2", "99f315e648b7"),
    "read_conversation": ("2", "4329c53fb214"),
    "synthesise_pack": ("2", "879bdec9640e"),
}
FULL = {
    "outcome": "booked",
    "summary": "s" * 5_000,
    "key_events": ["e"] * 99,
    "what_worked": ["w" * 999] * 99,
    "what_failed": ["f"] * 99,
    "key_phrases": ["p"] * 99,
    "evidence_quotes": [{"quote": "q" * 999, "message_id": "m1"}] * 99,
    "recommended_tests": ["t"] * 99,
    "follow_up": {
        "what_worked": [],
        "what_failed": [],
        "key_phrases": [],
        "tone_observations": [],
        "objection_responses": [
            {"objection_type": "weather", "agent_response": "a" * 999, "outcome": "mixed"}
        ],
    },
    "follow_up_effectiveness": {"score": 250, "converted_after_objection": False, "notes": ""},
}


def test_what_is_too_long_or_unknown_is_clamped():
    answer = InsightAnswer.model_validate(FULL)

    lengths = [len(getattr(answer, name)) for name in ("summary", "key_events", "what_worked", "what_failed")]
    assert lengths == [1_200, 18, 14, 14]
    assert [len(answer.key_phrases), len(answer.evidence_quotes), len(answer.recommended_tests)] == [
        18,
        10,
        12,
    ]
    response = answer.follow_up.objection_responses[0]
    assert (response.objection_type, response.outcome, len(response.agent_response)) == (
        "none",
        "neutral",
        300,
    )
    assert (answer.outcome, answer.follow_up_effectiveness.score) == ("BOOKED", 100)


def test_claims_that_cite_nothing_known_are_left_out_and_counted():
    first, second = uuid4(), uuid4()
    answer = PackAnswer(
        answer="Yes.",
        claims=[
            {"text": "Rests on two.", "message_ids": ["m1", "[M2]", "m99"]},
            {"text": "Made up.", "message_ids": ["m99"]},
            {"text": "Rests on nothing.", "message_ids": []},
        ],
    )

    kept = readings.stored(answer, Material("", {"m1": first, "m2": second}, 4))

    assert kept["claims"] == [{"text": "Rests on two.", "message_ids": [str(first), str(second)]}]
    assert (kept["left_out"], kept["unknown"]) == (2, 1)


def test_a_message_is_cited_once():
    one = uuid4()
    assert cited(["m1", "[m1]", "#m1"], {"m1": one}) == [str(one)]


@pytest.mark.parametrize("name", sorted(path.stem for path in pack_model_calls.FOLDER.glob("*.md")))
def test_a_changed_prompt_has_a_new_version(name):
    content = (pack_model_calls.FOLDER / f"{name}.md").read_bytes()
    known = (
        prompts.load(name, pack_model_calls.FOLDER).version,
        hashlib.sha256(content + RULE.encode()).hexdigest()[:12],
    )
    assert known == KNOWN[name]
