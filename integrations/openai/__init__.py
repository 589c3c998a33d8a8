"""OpenAI: the model that reads and writes."""

NAME = "openai"
