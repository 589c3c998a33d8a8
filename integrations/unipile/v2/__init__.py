"""Version 2 of Unipile's API and webhooks."""
