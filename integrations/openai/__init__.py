"""OpenAI, whose model reads and writes texts."""

NAME = "openai"
