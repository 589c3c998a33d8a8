"""The ticks that keep the queue itself in order."""
