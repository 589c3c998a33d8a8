"""Clay, whose tables look up facts about people and post the results back."""

NAME = "clay"
