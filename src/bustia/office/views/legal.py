"""Pages that the law asks for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

__all__ = ["accessibility"]


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """Show the accessibility statement (RD 1112/2018, art. 15)."""
    return render(request, "office/legal/accessibility.html")
