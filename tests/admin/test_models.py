"""Every table is shown in the admin, or is named here with the reason why it is not."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.utils.formats import localize

from admin import checks
from admin.base import BaseAdmin, RecordAdmin
from admin.integrations import cost
from inbox.models import Draft, Lead, Message
from jobs.models import BackgroundJob, JobStep
from tests.admin.rows import REGISTERED

NOT_SHOWN = {
    "auth.Permission": "They follow from the code. Groups and users show which of them they have.",
    "axes.AccessAttemptExpiration": "It holds no more than when an attempt is forgotten.",
    "contenttypes.ContentType": "It numbers the models for the libraries that need a number.",
    "django_q.Task": "Its rows are shown as successful and as failed tasks.",
    "inbox.ErasedMark": "Its rows are hashes, which say nothing to anybody.",
    "inbox.BrowserSession": "A person sees and ends their own sessions on their own page.",
    "inbox.DatabaseOrigin": "Its one row says where the database belongs; doctor tells what follows.",
    "inbox.Event": "Its rows are ids and states, and the attempts to send them name them.",
    "inbox.HiddenBanner": "A person has put a banner away for a while. That is theirs alone.",
    "inbox.LeadChange": "Its rows are ids and transactions' numbers alone, and are deleted after an hour.",
    "inbox.Mention": "That a note calls a member, and whether they have read it, is theirs alone.",
    "inbox.RecoveryCode": "Its rows are hashes, which say nothing to anybody.",
    "inbox.SavedView": "A list of somebody's own, or one that all of the workspace see in their inbox.",
    "inbox.SecondFactor": "It is a secret, and the page of a workspace's people says who has one.",
    "inbox.Snippet": "A text of somebody's own, or one that a workspace's people keep on their own page of snippets.",
    "insights.LeadDay": "Its rows are counts of messages, which the page of numbers adds up.",
    "insights.LeadDayProgress": "It says up to which transaction days are counted, and belongs to no decision.",
    "sessions.Session": "Who holds a session's key is logged in with it.",
}


def test_every_model_is_shown_or_named_with_a_reason():
    shown = {model._meta.label for model in admin.site._registry}
    assert {model._meta.label for model in apps.get_models()} - shown == set(NOT_SHOWN)


def test_every_class_says_who_sees_its_rows():
    assert checks.check_admin() == []


@pytest.mark.parametrize(
    "page",
    [page for page in REGISTERED.values() if isinstance(page, BaseAdmin) and page.sortable_by is None],
    ids=lambda page: type(page).__name__,
)
def test_every_column_that_a_list_shows_is_among_those_by_which_it_is_sorted(page, rf):
    request = rf.get("/admin/")
    assert set(page.get_list_display(request)) == set(page.get_sortable_by(request))


def test_model_calls_show_tokens_cost_and_outcome():
    call = admin.site.get_model_admin(apps.get_model("integrations.AiCall"))
    assert {"input_tokens", "output_tokens", cost, "outcome"} <= set(call.list_display)


def test_models_and_times_are_named_in_words():
    names = {str(model._meta.verbose_name) for model in admin.site._registry}
    assert {"model call", "account", "follow-up", "access to texts"} <= names
    assert localize(datetime(2026, 11, 9, 16, 5, tzinfo=UTC)) == "9 Nov 2026, 16:05 UTC"


def faults(model, **attributes) -> list[int]:
    """The numbers of what the checks say of a class for `model` with these attributes.

    Its columns are declared as those of the registered class, unless the attributes say otherwise.
    """
    said = {name: getattr(REGISTERED[model], name) for name in ("text_fields", "plain_texts")}
    own = type("OneAdmin", (attributes.pop("base", RecordAdmin),), said | attributes)(model, AdminSite())
    return [number for number, _ in checks.faults_of(own)]


def without(model, name: str) -> dict:
    """The attributes by which a class for `model` says nothing of the column `name`."""
    said = {kind: getattr(REGISTERED[model], kind) for kind in ("text_fields", "plain_texts")}
    return {"workspace_path": "workspace"} | {
        kind: tuple(one for one in names if one != name) for kind, names in said.items()
    }


@pytest.mark.parametrize(
    ("model", "attributes", "found"),
    [
        (BackgroundJob, {"base": ModelAdmin}, [20]),
        (BackgroundJob, {}, []),
        (JobStep, {}, [21]),
        (BackgroundJob, {"workspace_path": "owner"}, [21]),
        (BackgroundJob, {"workspace_path": "kind"}, [21]),
        (BackgroundJob, {"workspace_path": "pk"}, [21]),
        (BackgroundJob, {"workspace_path": "workspace"}, []),
        (BackgroundJob, {"workspace_path": "installation"}, []),
        (Message, without(Message, "text"), [22]),
        (Message, without(Message, "attachments"), [22]),
        (Draft, without(Draft, "status_reason"), [22]),
        (BackgroundJob, without(BackgroundJob, "payload"), [22]),
        (Message, {"workspace_path": "workspace", "list_display": ("text",)}, [23]),
        (Message, {"workspace_path": "workspace", "search_fields": ("text__contains",)}, [23]),
        (Lead, {"workspace_path": "workspace", "list_filter": ("campaign",)}, [24]),
        (Lead, {"workspace_path": "workspace", "list_filter": ("company",)}, [24]),
        (Lead, {"workspace_path": "workspace", "list_filter": ("tag", "unread", "created_at")}, []),
    ],
)
def test_a_class_without_a_rule_of_who_sees_what_does_not_start(model, attributes, found):
    assert faults(model, **attributes) == found
