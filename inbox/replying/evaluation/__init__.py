"""Measures drafts: labelled replies to invented companies are answered by the real code, and the answers are
counted.

`cases` reads the file, `drafts` writes the drafts, `judging` finds what each one says by comparing text, and
`report` counts.
"""
