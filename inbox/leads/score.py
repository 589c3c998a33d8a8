"""Computes how close a lead is to a deal, from 1 to 4; 0 means that no more messages go to the lead. The tag of the
newest reply weighs twice; title and company weigh once. Only the tag counts if both are missing, or if a person set the
tag. No model is asked: the same lead always gets the same score.
"""

import re
from typing import NamedTuple

from inbox.leads.provider_tags import PERSON
from inbox.models import Lead
from inbox.models.lead import Tag

INTENT: dict[str, int] = {
    Tag.MEETING_BOOKED: 4,
    Tag.MEETING_REQUESTED: 4,
    Tag.CALL_REQUESTED: 4,
    Tag.INTERESTED: 3,
    Tag.INFORMATION_REQUESTED: 3,
    Tag.FOLLOW_UP: 2,
    Tag.OBJECTION: 2,
    Tag.NEUTRAL: 2,
    Tag.NOT_INTERESTED: 1,
    Tag.WRONG_PERSON: 1,
}
"""The strength of interest by tag. Tags of automatic messages are missing."""

DECIDES = re.compile(
    r"\b(?:owner|(?:co-?)?founder|proprietor|president|partner|principal|chair\w*|c[eofmitr]o|chief|managing|director|"
    r"vp|vice president|head|inhaber\w*|geschaftsfuhr\w*|gerant\w*|dirigeant\w*|dueno|gerente|titolare|eigenaar)\b",
    re.I,
)
HELPS = re.compile(r"\b(?:assistant|intern|student|trainee|apprentice|receptionist|secretary)\b", re.I)


class Score(NamedTuple):
    value: int
    reason: str


def settle(lead: Lead) -> None:
    """Sets the lead's score by its tag, or else by the newest reply whose tag has a score. The lead is not saved."""
    score = of(lead, lead.tag, lead.tag_decided_by)
    if score is None:
        replies = lead.messages.inbound(tag__in=INTENT)
        newest = replies.order_by("-sent_at", "-pk").values_list("tag", "tag_decided_by").first()
        score = of(lead, *newest) if newest else None
    lead.score, lead.score_reason = score or (None, "")


def of(lead: Lead, tag: str, by: str = "") -> Score | None:
    """Returns the score by title, company and `tag` (decided by `by`); None for tags without one (Out of Office)."""
    if lead.is_stopped or tag == Tag.BLACKLIST:
        return Score(0, "Outreach to this lead has stopped.")
    intent = INTENT.get(tag)
    if intent is None:
        return None
    if by.startswith(PERSON):
        return Score(intent, f"Reply: {tag} ({intent} of 4), decided by a person.")
    reply = f"Reply: {tag} ({intent} of 4)."
    fit, profile = _fit(lead)
    if fit is None:
        return Score(intent, f"{reply} Their title and company are unknown.")
    points = max(1, (4 * intent + 2 * fit + 3) // 6)  # This is (2 x intent + fit) / 3, rounded half up.
    return Score(points, f"{reply} Profile: {profile} ({fit} of 4)."[:200])


def _fit(lead: Lead) -> tuple[int | None, str]:
    if not (lead.title or lead.company):
        return None, ""
    fit, profile = 2, [lead.title[:60] or "no title"]
    if HELPS.search(lead.title):
        fit -= 1
    elif DECIDES.search(lead.title):
        fit += 1
    if lead.company and lead.phone:
        fit += 1
        profile.append("company and phone known")
    return fit, ", ".join(profile)
