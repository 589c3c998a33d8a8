"""What happened to a message, lead, job, delivery, send, draft or notice, from the rows that each part has written.

`story.of` tells it in order, `search.find` looks for what did not arrive, and `asking.ask` asks a provider what it has.
Nothing here changes a row.
"""
