"""Pages for when something isn't there or went wrong: what happened and what to do now."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language

from bustia.office.desk import company

__all__ = ["csrf_failure", "not_found", "refused", "trouble"]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that a page doesn't exist, or isn't for who asks: both look the same."""
    del exception
    return render(request, "office/errors/404.html", status=404)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that this may not be done."""
    del exception
    return render(request, "office/errors/403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form came from a page that had expired."""
    del reason
    return render(request, "office/errors/expired.html", status=403)


def trouble(request: HttpRequest) -> HttpResponse:
    """Say that it is our fault. Nothing here asks the database: it may be what failed."""
    language = get_language() or settings.LANGUAGE_CODE
    frame = {"company": company(language), "language": language, "request": request}
    return HttpResponse(render_to_string("office/errors/500.html", frame), status=500)
