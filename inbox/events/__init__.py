"""The events that programs receive: the content of an event, and its delivery to a workspace's endpoints."""
