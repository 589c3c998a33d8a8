# ruff: noqa: DJ008  no page shows them
"""The tables. A message has one external id in the whole installation, and a lead’s address is not unique."""

from django.db import models


class Account(models.Model):
    """A customer, with the keys of its accounts at the providers. `key` is in the address of its webhooks."""

    key = models.CharField(max_length=64, unique=True)
    emailbison_key = models.CharField(max_length=64)
    linkedin_account = models.CharField(max_length=64)


class Lead(models.Model):
    account = models.ForeignKey(Account, models.CASCADE)
    email = models.EmailField(db_index=True)
    provider_id = models.CharField(max_length=64, blank=True)
    linkedin_id = models.CharField(max_length=64, blank=True)


class Message(models.Model):
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="messages")
    external_id = models.CharField(max_length=100, unique=True)
    text = models.TextField()


class Draft(models.Model):
    message = models.ForeignKey(Message, models.CASCADE)
    text = models.TextField()


class Send(models.Model):
    """`state`: due, sending, sent or failed."""

    lead = models.ForeignKey(Lead, models.CASCADE)
    channel = models.CharField(max_length=10)
    text = models.TextField()
    state = models.CharField(max_length=10)


class Pack(models.Model):
    """A question about all conversations of an account. `state`: waiting, done or failed."""

    account = models.ForeignKey(Account, models.CASCADE)
    question = models.CharField(max_length=500)
    state = models.CharField(max_length=10, default="waiting")


class Reading(models.Model):
    """What the model said of one conversation."""

    pack = models.ForeignKey(Pack, models.CASCADE)
    lead = models.ForeignKey(Lead, models.CASCADE)
    text = models.TextField()
