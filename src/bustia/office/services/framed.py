"""Shows the HTML of a mail inside a page, in a frame where it can do nothing but be read."""

from django.http import HttpResponse

__all__ = ["framed_mail"]

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    )
)
"""The mail's own styles are all it may bring: no script, picture, font or form. Its links open a
window of their own."""


def framed_mail(html: str) -> HttpResponse:
    """Give a mail's HTML as an answer that only a frame of ours may show."""
    head, found, rest = html.partition("<head>")
    shown = f'{head}{found}<base target="_blank">{rest}' if found else html
    response = HttpResponse(shown)
    response["Content-Security-Policy"] = _POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    return response
