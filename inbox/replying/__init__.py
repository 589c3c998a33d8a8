"""Answers tagged replies: drafts, gates, review, sending and reconciliation. Each answer goes out exactly once."""
