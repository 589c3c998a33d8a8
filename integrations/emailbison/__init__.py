"""EmailBison, which sends cold email campaigns and receives the replies."""

NAME = "emailbison"
