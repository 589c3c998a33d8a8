"""Follow-ups: sequences of messages to leads who have gone silent, until the lead replies or opts out. `tick` claims
steps, `step_job` hands them to the sends, `ended_steps` records what became of them. Only `plan` writes the state of an
instance; only `conditions` judges whether a step may go out.
"""
