"""The words of the Office: complete in every language, and saying the same thing."""

import re
from collections.abc import Iterator
from gettext import GNUTranslations
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.utils import translation
from pytest_django.fixtures import Settings

from hatch_build import LOCALE, compile_catalogues, read_catalogue
from tests.tools.catalogues import (
    LANGUAGES,
    LIBRARY,
    SHARED,
    Words,
    extract_words,
    strings_of,
    texts_in,
    texts_of,
    update_catalogues,
)

CATALOGUES = sorted(LOCALE.glob("*/*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?\w+[^>]*>")
LIBRARIES = [
    "django.forms.fields",
    "django.forms.models",
    "django.core.validators",
    "django.contrib.auth.password_validation",
    "allauth.account.adapter",
    "allauth.account.forms",
    "allauth.account.fields",
    "allauth.mfa.adapter",
    "allauth.mfa.base.forms",
    "allauth.mfa.models",
    "allauth.mfa.totp.forms",
    "allauth.mfa.webauthn.forms",
]
"""Modules whose messages can end up on a page of ours."""
OTHER_VOICE = {
    "ca": r"(?i)\b(introdu(ïu|eix)|assegureu|esculliu|envieu|carregueu|comproveu|escriviu|torneu"
    r"|podeu|heu|vostr\w+|teva|teu|utilitza|recorda)\b",
    "es": r"(?i)\b(tu|tus|tienes|ingres[ae]|selecciona|utiliza|puedes|estás|introduce)\b",
}
"""Verbs and pronouns of other ways to address a customer than ours, «vostè» and «usted»."""
SAME_WORD = {"IPv4", "IPv6", "WebAuthn"}


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


@pytest.fixture(scope="module")
def words() -> list[Words]:
    """Every text that the Office's templates and code show."""
    return extract_words()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str, words: list[Words]) -> None:
    """Each text has a translation in its section's catalogue, or in the shared one."""
    known = {
        (file.stem, message.context, texts_in(message))
        for file in LOCALE.glob(f"{language}/*.po")
        for message in read_catalogue(file)
        if message.id and not message.fuzzy and all(strings_of(message))
    }
    missing = [
        f"{one.section}: {one.text}"
        for one in words
        for texts in [(one.text, one.plural) if one.plural else (one.text,)]
        if not {(one.section, one.context, texts), (SHARED, one.context, texts)} & known
    ]
    assert missing == [], "run `make words`, then translate what it added"


@pytest.mark.parametrize("file", CATALOGUES, ids=_name)
def test_a_catalogue_has_nothing_unused(file: Path, words: list[Words]) -> None:
    """A catalogue holds what its section shows, no more; the shared one what any section does."""
    if file.stem == LIBRARY:
        pytest.skip("what the libraries show has a test of its own")
    shown = {one.key for one in words if file.stem in {one.section, SHARED}}
    catalogue = read_catalogue(file)
    unused = [
        texts_in(one)[0]
        for one in [*catalogue, *catalogue.obsolete.values()]
        if one.id and (one.context, texts_in(one)[0]) not in shown
    ]
    assert unused == [], "delete these, or run `make words` and move them"
    assert catalogue.obsolete == {}


@pytest.mark.parametrize("file", CATALOGUES, ids=_name)
def test_translations_are_whole_and_fit(file: Path) -> None:
    """No translation is empty or doubtful; all plurals are there; placeholders and tags agree."""
    problems = []
    for message in read_catalogue(file):
        if not message.id:
            continue
        texts, translated = texts_in(message), strings_of(message)
        if message.fuzzy or not all(translated):
            problems.append(f"not translated: {texts[0]}")
        if len(texts) == 2 and len(translated) != 2:
            problems.append(f"plurals missing: {texts[0]}")
        # «One invoice» needs no number: the singular may leave out what the plural says.
        for index, text in enumerate(translated):
            expected = sorted(PLACEHOLDER.findall(texts[min(index, len(texts) - 1)]))
            given = sorted(PLACEHOLDER.findall(text))
            if given != expected and not (index == 0 and len(texts) == 2):
                problems.append(f"{texts[-1]}: has {given} instead of {expected}")
    assert problems == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_text_says_the_same(language: str) -> None:
    """A text that two sections show is translated alike in both: one Office, one voice."""
    said: dict[tuple[str | None, tuple[str, ...]], dict[tuple[str, ...], str]] = {}
    for file in LOCALE.glob(f"{language}/*.po"):
        for message in read_catalogue(file):
            if message.id:
                key = (message.context, texts_in(message))
                said.setdefault(key, {})[strings_of(message)] = file.stem
    assert {key[1][0]: ways for key, ways in said.items() if len(ways) > 1} == {}


@pytest.mark.parametrize("file", CATALOGUES, ids=_name)
def test_typography_is_real(file: Path) -> None:
    """Apostrophes and quotation marks are those of print, not of a typewriter."""
    plain = [
        text
        for message in read_catalogue(file)
        if message.id
        for text in strings_of(message)
        if re.search(r"\w'\w", text) or '"' in re.sub(r"<[^>]*>", "", text)
    ]
    assert plain == []


def _library_texts() -> Iterator[tuple[str, ...]]:
    for name in LIBRARIES:
        found = find_spec(name)
        assert found is not None
        assert found.origin is not None
        with Path(found.origin).open("rb") as code:
            for keyword, texts in texts_of(code):
                if "pgettext" not in keyword:
                    yield tuple(texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_libraries_speak_our_languages(language: str, settings: Settings) -> None:
    """Each message of Django and django-allauth that a page can show is translated and fits."""
    settings.LOCALE_PATHS = [LOCALE]
    problems = []
    with translation.override(language):
        for texts in _library_texts():
            if len(texts) == 2:
                translated = [translation.ngettext(*texts, number) for number in (1, 2, 2_000_000)]
            else:
                translated = [translation.gettext(texts[0])]
            for text in translated:
                if text in texts and text not in SAME_WORD:
                    problems.append(f"not translated: {texts[0]}")
                elif sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(texts[-1])):
                    problems.append(f"does not fit: {text}")
                elif re.search(r"\w'\w|\s\s|^\s", text) or re.search(OTHER_VOICE[language], text):
                    problems.append(f"badly written: {text}")
    assert problems == []


def test_the_tool_adds_what_is_new_and_marks_what_is_gone(tmp_path: Path) -> None:
    """`make words` keeps translations, adds new texts to their section, and marks unused ones."""
    source, locale = tmp_path / "bustia", tmp_path / "bustia/office/locale"
    page = source / "office/templates/office/debts/list.html"
    page.parent.mkdir(parents=True)
    page.write_text(
        '{% translate "What you owe" %}{% blocktranslate count n=n trimmed %}\n  {{ n }} invoice'
        "\n{% plural %}{{ n }} invoices{% endblocktranslate %}",
        encoding="utf-8",
    )
    (locale / "ca").mkdir(parents=True)
    (locale / "ca/debts.po").write_text(
        'msgid "What you owe"\nmsgstr "El que deu"\n\nmsgid "Gone"\nmsgstr "Fora"\n',
        encoding="utf-8",
    )
    assert update_catalogues(locale, source) == [
        "ca/debts.po: 1 to translate, 1 gone",
        "es/debts.po: 2 to translate, 0 gone",
    ]
    updated = read_catalogue(locale / "ca/debts.po")
    assert updated["What you owe"].string == "El que deu"
    assert updated["%(n)s invoice"].string == ("", "")
    assert list(updated.obsolete) == ["Gone"]


def test_catalogues_are_merged_for_django(tmp_path: Path) -> None:
    """The sections of a language become the one file that Django reads, anew when one changes."""
    (tmp_path / "ca").mkdir()
    first, second = tmp_path / "ca/home.po", tmp_path / "ca/debts.po"
    first.write_text('msgid "Home"\nmsgstr "Inici"\n', encoding="utf-8")
    second.write_text('msgid "Debts"\nmsgstr "Deutes"\n', encoding="utf-8")
    [compiled] = compile_catalogues(tmp_path)
    with compiled.open("rb") as content:
        words = GNUTranslations(content)
    assert [words.gettext("Home"), words.gettext("Debts")] == ["Inici", "Deutes"]
    before = compiled.stat().st_mtime_ns
    compile_catalogues(tmp_path)
    assert before == compiled.stat().st_mtime_ns
    second.write_text('msgid "Debts"\nmsgstr "El que es deu"\n', encoding="utf-8")
    compile_catalogues(tmp_path)
    with compiled.open("rb") as content:
        assert GNUTranslations(content).gettext("Debts") == "El que es deu"
