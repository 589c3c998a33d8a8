"""The addresses of the API below `/api/v1/` (docs/programs.md)."""

from django.urls import path, re_path

from api import me
from api.base import NoSuchAddress

urlpatterns = [
    path("me/", me.Me.as_view(), name="api-me"),
    re_path(r"^(?P<rest>.*)$", NoSuchAddress.as_view(), name="api-no-such-address"),
]
