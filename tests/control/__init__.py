"""The control of the campaign: the product's predecessor in plain Django, with the seven failures that it had.

It finds and then creates, works inside the request, repeats whatever was aborted, notes an account's state in the log
alone, and opens a connection for each item. It imports nothing of the product. Only `tests.campaign` runs it.
"""
