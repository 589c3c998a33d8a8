"""Follow-ups: sequences of messages to leads who have stopped answering, until the lead replies or opts out. `tick`
claims (reserves) due steps and records the outcomes of their sends; `step_job` claims the sends. Only `plan` writes the
state of a FollowUpInstance, a lead's progress through a sequence, and only `conditions` decides whether a step may go
out.
"""
