"""Judges replies by fixed rules, without Django (`rules.judge`). Only the newest text decides, never a quote."""
