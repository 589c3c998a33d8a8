"""The job kinds and the ticks of insights, each with its texts, its limits, and the function that runs it."""

from insights import booked, lead_days, pack_building, packs, upkeep
from jobs import lanes
from jobs.kinds import job_kind
from jobs.ticks import tick

job_kind(
    packs.BUILD,
    pack_building.build,
    words="Builds a pack from its conversations to answer its question",
    attempts=8,
    time_limit_ms=540_000,
    lane=lanes.PERSON,
    max_age_hours=12,
)
job_kind(
    packs.ANSWER,
    pack_building.answer_question,
    words="Answers a follow-up question about a pack",
    attempts=4,
    time_limit_ms=180_000,
    lane=lanes.PERSON,
    max_age_hours=2,
)
job_kind(
    booked.SUMMARISE,
    booked.run,
    words="Reads the conversation with a lead who booked a meeting",
    attempts=4,
    time_limit_ms=240_000,
    lane=lanes.BULK,
)
tick(
    "insights/context-packs",
    upkeep.tick,
    words="Starts, refreshes and ends pack builds",
    every_s=60,
    limits=upkeep.limits,
)
tick(
    "insights/booked-summaries",
    booked.tick,
    words="Queues conversations with leads who booked for reading",
    every_s=600,
    limits=booked.limits,
)
tick(
    "insights/lead-days",
    lead_days.tick,
    words="Updates the overview’s numbers for leads who changed",
    every_s=60,
)
