"""Reads one reply by fixed rules: who wrote it, what they want, and which part of the text is new.

The entry point is `rules.judge`. These are pure functions over text and can be imported without Django. Only
the newest text that a person wrote is judged. Quoted text never decides anything.
"""
