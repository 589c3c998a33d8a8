"""The trace of a message, lead, job, delivery, send, draft or notice, built from stored rows. Nothing is changed.

`story.of` returns it in order, `search.find` searches for messages that did not arrive, and `asking.ask` asks a
provider.
"""
