"""Follow-ups: sequences of messages to leads who have stopped answering, until the lead replies or opts out. `tick`
claims steps, `step_job` hands them to the sends, and `ended_steps` records their outcomes. Only `plan` writes the state
of an instance; only `conditions` judges whether a step may go out.
"""
