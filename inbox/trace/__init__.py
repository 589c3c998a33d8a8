"""The trace of a message, lead, job, delivery, send, draft or notice, from the rows of each part. Nothing is changed.

`story.of` tells it in order, `search.find` looks for what did not arrive, and `asking.ask` asks a provider.
"""
