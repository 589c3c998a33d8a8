"""The trace of a message, lead, job, delivery, send, draft or notice, built from stored rows. Building a trace changes
nothing.

`story.of` returns the trace with its events in order. `search.find` searches for messages that did not arrive.
`asking.ask` asks a provider for its messages.
"""
