"""Measures drafts: the real code answers labelled replies to invented companies, and the answers are counted. `cases`
reads the file, `drafts` writes, `judging` compares texts, `report` counts.
"""
