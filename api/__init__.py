"""The API for programs (docs/programs.md). Every write calls what the pages call; no rule of the domain is here."""
