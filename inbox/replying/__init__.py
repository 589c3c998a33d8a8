"""Takes a tagged reply to an answer that goes out exactly once: drafting, gates, review, sending, reconciling."""
