"""What went wrong, as RFC 9457 has it: a small JSON object for a program and its programmer."""

from http import HTTPStatus

from django.http import JsonResponse

__all__ = ["problem"]


def problem(status: HTTPStatus, detail: str, **headers: str) -> JsonResponse:
    """Answer that a request can't be served; ``detail`` says what to do, to a person."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    return JsonResponse(
        body,
        status=status.value,
        content_type="application/problem+json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
