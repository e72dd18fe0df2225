"""Lets anybody choose the language, signed in or not."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from bustia.office.models import Account

__all__ = ["choose_language"]


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie and, for who is signed in, in the account."""
    language, back = request.POST.get("language", ""), request.POST.get("next", "")
    host = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(back, host, require_https=request.is_secure())
    response = HttpResponseRedirect(back if safe else "/")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite="Lax",
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
        )
        if request.user.is_authenticated:
            Account.objects.filter(pk=request.user.pk).update(language=language)
    return response
