"""Clay, whose tables look up facts about people and post the results to us."""

NAME = "clay"
