"""Finds every page and every form of the Office by following its links."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from django.urls import Resolver404, ResolverMatch, resolve
from lxml import html

__all__ = ["Form", "Page", "crawl", "forms_of", "route_of"]

_MOST_OF_A_ROUTE = 2
"""Pages of one route are alike: so many of them are looked at."""


@dataclass(frozen=True)
class Form:
    """A form of a page: where it goes, and its fields with what stands in them."""

    action: str
    method: str
    fields: dict[str, str] = field(hash=False)
    choices: dict[str, list[str]] = field(hash=False)
    """Of fields that offer some: what they offer."""


@dataclass(frozen=True)
class Page:
    """A page that was found."""

    url: str
    route: str
    content: str = field(repr=False)


def route_of(url: str) -> str:
    """Give the pattern that a path belongs to; empty if none."""
    try:
        match: ResolverMatch = resolve(urlsplit(url).path)
    except Resolver404:
        return ""
    return match.route


def forms_of(page: Page) -> list[Form]:
    """Give the forms of a page."""
    found = []
    document: Any = html.document_fromstring(page.content)
    for element in document.forms:
        fields = {
            name: value if isinstance(value, str) else ""
            for name, value in element.fields.items()
            if isinstance(name, str)
        }
        choices: dict[str, list[str]] = {}
        for one in element.inputs:
            if one.tag == "select" and one.name:
                choices[one.name] = [str(option) for option in one.value_options]
            elif one.tag == "input" and one.type in ("radio", "checkbox") and one.name:
                choices.setdefault(one.name, []).append(one.get("value", "on"))
        for button in element.xpath(".//button[@name]"):
            choices.setdefault(button.get("name"), []).append(button.get("value", ""))
            fields.setdefault(button.get("name"), button.get("value", ""))
        action = urljoin(page.url, element.get("action") or page.url)
        found.append(Form(action, (element.get("method") or "get").lower(), fields, choices))
    return found


def crawl(get: Callable[[str], str | None], *starts: str) -> Iterator[Page]:
    """Follow links from the starts; ``get`` gives a page's HTML, or None for what is not a page."""
    waiting, seen, of_route = list(starts), set(starts), dict[str, int]()
    while waiting:
        url = waiting.pop(0)
        route = route_of(url)
        if not route and urlsplit(url).path != "/":
            continue
        if of_route.get(route, 0) >= _MOST_OF_A_ROUTE:
            continue
        content = get(url)
        if content is None:
            continue
        of_route[route] = of_route.get(route, 0) + 1
        yield Page(url, route, content)
        document: Any = html.document_fromstring(content)
        for link in document.xpath("//a/@href"):
            target = urldefrag(urljoin(url, str(link)))[0]
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or target in seen:
                continue
            seen.add(target)
            waiting.append(target)
