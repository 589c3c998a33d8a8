"""What a reply says, decided by rules alone: pure functions over text, importable without Django.

`rules.judge` is the entry point. Only the newest text a person wrote is judged; quoted text never decides anything.
"""
