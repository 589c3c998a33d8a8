from django.apps import AppConfig


class HarnessConfig(AppConfig):
    name = "tests.faults.jobs.app"
    label = "harness"

    def ready(self) -> None:
        from inbox import system_checks

        system_checks.KEPT["It is what the fault tests look at."] = "harness.Booking"
