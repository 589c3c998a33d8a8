"""From a judged reply to an answer that went out exactly once: drafting, gates, review, sending, reconciling."""
