"""The campaigns: scenarios of load and harm, and what the product says afterwards against what providers, senders and
programs saw. `stage` has the servers of all of them; the seven failures are played on a control too (`tests.control`).
`make campaign` runs the long forms.
"""
