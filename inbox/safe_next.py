"""Where a form goes back to: a page of ours, whatever the form says."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_url(request: HttpRequest, default: str) -> str:
    """The form's `next`, if it is an address of this site, else `default`."""
    url = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if own else default
