"""Missing facts of a lead, asked for once and never written over what is known."""
