"""The trace of a message, lead, job, delivery, send, draft or notice, built from stored rows. A trace only reads rows
and changes nothing.

`story.of` returns it in order, `search.find` searches for messages that did not arrive, and `asking.ask` asks a
provider.
"""
