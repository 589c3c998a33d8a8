"""The kinds of jobs and the ticks of insights. Each handler only calls the module that does the work."""

from typing import Any

from insights import answers, booked, pack_building, packs, upkeep
from jobs import lanes
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.kinds import job_kind
from jobs.ticks import tick


@job_kind(
    packs.BUILD,
    words="Builds a pack: reads its conversations and answers its question from them",
    attempts=8,
    time_limit_ms=540_000,
    lane=lanes.PERSON,
    max_age_hours=12,
)
def build_pack(ctx: JobContext) -> dict[str, Any]:
    """The job that builds a context pack: it has conversations read and the pack's question answered from them."""
    return pack_building.build(ctx)


@job_kind(
    packs.ANSWER,
    words="Answers a follow-up question about a pack",
    attempts=4,
    time_limit_ms=180_000,
    lane=lanes.PERSON,
    max_age_hours=2,
)
def answer_question(ctx: JobContext) -> dict[str, Any]:
    """The job that answers a follow-up question about a context pack (conversations read together)."""
    return answers.run(ctx)


@job_kind(
    booked.SUMMARISE,
    words="Reads the conversation with a lead who booked a meeting",
    attempts=4,
    time_limit_ms=240_000,
    lane=lanes.BULK,
)
def summarise_booked(ctx: JobContext) -> dict[str, Any]:
    """The job in which a model reads the conversation with a lead who booked a meeting."""
    return booked.run(ctx)


@tick(
    "insights/context-packs",
    words="Starts, refreshes and ends the builds of packs",
    every_s=60,
    limits=upkeep.limits,
)
def context_packs_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that starts, refreshes and ends the builds of context packs."""
    return upkeep.tick(deadline)


@tick(
    "insights/booked-summaries",
    words="Enqueues readings of the conversations with leads who booked",
    every_s=600,
    limits=booked.limits,
)
def booked_summaries_tick(deadline: Deadline) -> dict[str, int]:
    """The tick (recurring work) that enqueues readings of the conversations with leads who booked a meeting."""
    return booked.tick(deadline)
