"""Follow-ups: sequences of messages to leads who have gone silent. They stop as soon as the lead replies or opts
out.

`tick` selects and claims steps, `step_job` decides about a step and hands it to the sends, and `ended_steps`
records what became of it. Only `plan` writes the state of an instance. Only `conditions` judges whether a
step may go out.
"""
