from django.apps import AppConfig


class HarnessConfig(AppConfig):
    name = "tests.faults.jobs.app"
    label = "harness"
