"""Measures drafts: the product's code answers labelled replies to invented companies. `cases` reads the file of
replies, `drafts` writes the answers, `judging` compares texts, and `report` counts the outcomes.
"""
