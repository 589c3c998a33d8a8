"""Follow-ups: sequences that write to leads who have gone silent, and stop the moment they should.

`tick` selects and claims, `steps` decides and hands over to the sends, `settling` brings what was sent back, `plan` is
the only writer of an instance's state, `conditions` the only judge of whether a step may go out.
"""
