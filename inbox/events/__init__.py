"""Events for programs: what an event says, and its delivery to the endpoints of a workspace."""
