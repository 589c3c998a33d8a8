"""Reads the URL to which a form redirects, and accepts only pages of this site."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_url(request: HttpRequest, default: str) -> str:
    """Returns the URL in the field or parameter `next` if it belongs to this site, else `default`."""
    url = request.POST.get("next") or request.GET.get("next", "")
    is_safe = (
        "/" in url
        and url_has_allowed_host_and_scheme(  # `redirect` takes a text without a slash as the name of a view
            url, {request.get_host()}, require_https=request.is_secure()
        )
    )
    return url if is_safe else default
