"""How drafts are measured: labelled replies of invented companies, the real drafting code, and counts by strings.

`cases` reads the file, `drafts` has each draft written, `judging` says what is in one, `report` counts.
"""
