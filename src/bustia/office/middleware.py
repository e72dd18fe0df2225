"""What every page of the Office goes through: nothing stays in caches, sessions end, languages."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

__all__ = ["IdleSession", "Language", "NoStore"]

_Next = Callable[[HttpRequest], HttpResponseBase]
_SEEN = "seen"
_SEEN_AGAIN_SECONDS = 60
"""A session is written at most so often only to note that it is in use."""


class NoStore:
    """Keeps pages and downloads out of every cache; static files have their own rule."""

    def __init__(self, get_response: _Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Mark the answer, unless it says something itself."""
        response = self._next(request)
        if "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class IdleSession:
    """Ends a session that was not used for a while."""

    def __init__(self, get_response: _Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Sign out whom nobody has seen for long; note that the others were seen."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = timezone.now().timestamp()
            seen = request.session.get(_SEEN, now)
            if now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif _SEEN not in request.session or now - seen > _SEEN_AGAIN_SECONDS:
                request.session[_SEEN] = now
        return self._next(request)


class Language:
    """Speaks the account's language, else the one chosen before, else the browser's."""

    def __init__(self, get_response: _Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Choose the language of this answer and say it in the header."""
        translation.activate(self._chosen(request))
        request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        response = self._next(request)
        response.setdefault("Content-Language", translation.get_language() or "")
        if isinstance(response, HttpResponse):
            patch_vary_headers(response, ("Cookie", "Accept-Language"))
        return response

    @staticmethod
    def _chosen(request: HttpRequest) -> str:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            return str(request.user.language)
        return translation.get_language_from_request(request)
