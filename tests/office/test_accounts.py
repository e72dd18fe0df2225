"""Coming in: registering, links and recovery, which tell nobody who has an account."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.test import Client

from bustia.audit.log import done_to
from bustia.billing.models import Contract, Customer
from bustia.deliver.models import AccountMessage
from bustia.office.models import Account, Holding
from tests.deliver.town import Town
from tests.office.people import PASSWORD, account, signed_in

pytestmark = pytest.mark.django_db
GOOD = {"contract": "K1", "nif": "12345678z", "invoice": "a26-k1", "email": "New@Example.org"}
NEW_PASSWORD = "quatre mots que fan riure"


@pytest.fixture
def contract() -> Contract:
    """A contract with a recent invoice."""
    town = Town()
    made = town.contract(1, language="en")
    town.invoice(made)
    return made


def _newest() -> AccountMessage:
    return AccountMessage.objects.order_by("-pk")[0]


def _link() -> str:
    """Give the path of the link in the newest message."""
    told = str(_newest().content)
    found = re.search(r"https?://[^/\s\"']+(/[\w./-]+/)", told)
    assert found is not None, told
    return found[1]


def test_who_shows_the_three_proofs_opens_an_account(contract: Contract) -> None:
    """A mail brings the link; its page uses nothing up; the password opens the contract."""
    visitor = Client()
    assert "new@example.org" in visitor.post("/alta/", GOOD).content.decode().lower()
    link = _link()
    assert visitor.get(link).status_code == visitor.get(link).status_code == 200
    assert not Account.objects.exists()
    assert visitor.post(link, {"password": NEW_PASSWORD})["Location"] == "/"
    assert visitor.get("/")["Location"] == "/contracte/K1/"
    assert Client().post(link, {"password": NEW_PASSWORD}).status_code == 404
    made = Account.objects.get()
    assert made.email == "new@example.org"
    assert Customer.objects.get().office_since is not None
    done = {one.action for one in done_to(f"account:{made.pk}")}
    assert done == {"account.opened", "account.signed_in"}


@pytest.mark.parametrize(
    "wrong",
    [{"contract": "K9"}, {"nif": "00000000T"}, {"invoice": "A26-K2"}, {"email": "old@example.org"}],
    ids=["contract", "nif", "invoice", "taken address"],
)
def test_the_page_says_the_same_whatever_is_wrong(
    contract: Contract, wrong: dict[str, str]
) -> None:
    """Wrong data and a taken address get the same page as right data; a mail tells the rest."""
    account("old@example.org")
    right = Client().post("/alta/", GOOD)
    other = Client().post("/alta/", GOOD | wrong)
    plain = re.compile(r"csrfmiddlewaretoken\" value=\"\w+|(new|old)@example.org", re.IGNORECASE)
    pages = [plain.sub("", answer.content.decode()) for answer in (right, other)]
    assert right.status_code == other.status_code
    assert pages[0] == pages[1]
    assert AccountMessage.objects.count() == 2


def test_a_contract_of_another_account_stays_there(contract: Contract) -> None:
    """Who knows the three proofs of somebody's contract gets no account; its holder is told."""
    account("holder@example.org", contract)
    Client().post("/alta/", GOOD)
    told = AccountMessage.objects.order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["confirm_address", "notice"]
    assert "/alta/" not in str(AccountMessage.objects.order_by("pk")[0].content)


def test_a_second_contract_is_added_by_a_link(contract: Contract) -> None:
    """An account that shows the proofs of another contract holds it after the link's button."""
    holder = account("new@example.org")
    client = signed_in(holder)
    client.post("/contracte-nou/", {name: GOOD[name] for name in ("contract", "nif", "invoice")})
    client.post(_link())
    assert Holding.objects.get().contract == contract


@pytest.mark.parametrize("path", ["/enllac/", "/contrasenya-nova/"])
def test_links_tell_nobody_who_has_an_account(path: str) -> None:
    """The page for a known and an unknown address differs in the address alone."""
    account("known@example.org")
    pages = []
    for email in ("known@example.org", "other@example.org"):
        content = Client().post(path, {"email": email}).content.decode()
        pages.append(re.sub(r"csrfmiddlewaretoken\" value=\"\w+", "", content).replace(email, ""))
    assert pages[0] == pages[1]
    assert AccountMessage.objects.count() == 2


def test_a_link_enters_once(contract: Contract) -> None:
    """The button enters and leads to what was asked for; the link is good no more."""
    account("known@example.org", contract)
    Client().post("/enllac/", {"email": "known@example.org", "next": "/contracte/K1/factures/"})
    link, visitor = _link(), Client()
    assert "You enter as" in visitor.get(link).content.decode() or visitor.get(link)
    assert visitor.post(link)["Location"] == "/contracte/K1/factures/"
    assert visitor.get("/contracte/K1/").status_code == 200
    assert Client().post(link).status_code == 404


@pytest.mark.parametrize("path", ["https://elsewhere.example/", "//elsewhere.example", "x:y"])
def test_a_link_leads_nowhere_else(contract: Contract, path: str) -> None:
    """The way back is one of ours, or the first page."""
    account("known@example.org", contract)
    Client().post("/enllac/", {"email": "known@example.org", "next": path})
    assert Client().post(_link())["Location"] == "/"


def test_a_forgotten_password_is_replaced(contract: Contract) -> None:
    """The link's page takes a new password; sessions end, and the former opens nothing."""
    holder = account("known@example.org", contract)
    before = signed_in(holder)
    Client().post("/contrasenya-nova/", {"email": "known@example.org"})
    Client().post(_link(), {"password": NEW_PASSWORD})
    assert before.get("/contracte/K1/").status_code == 302
    old = Client().post("/entrar/", {"login": "known@example.org", "password": PASSWORD})
    assert old.status_code == 200
    new = Client().post("/entrar/", {"login": "known@example.org", "password": NEW_PASSWORD})
    assert new.status_code == 302


@pytest.mark.parametrize("password", ["short", "vallserena2026", "password12345", "aaaaaaaaaaaaaa"])
def test_a_password_that_is_easily_guessed_is_refused(contract: Contract, password: str) -> None:
    """Short ones, common ones and the company's name open no account."""
    Client().post("/alta/", GOOD)
    assert Client().post(_link(), {"password": password}).status_code == 200
    assert not Account.objects.exists()


def test_strangers_cannot_lock_an_owner_out(contract: Contract) -> None:
    """After many wrong passwords from elsewhere the owner's own device still signs in."""
    account("known@example.org", contract)
    owner = Client()
    right = {"login": "known@example.org", "password": PASSWORD}
    owner.post("/entrar/", right)
    owner.post("/sortir/")
    tried = [
        Client(REMOTE_ADDR=f"198.51.100.{number}").post(
            "/entrar/", right | {"password": "wrong wrong wrong"}
        )
        for number in range(12)
    ]
    assert [answer.status_code for answer in tried] == [200] * 10 + [429] * 2
    assert Client(REMOTE_ADDR="198.51.100.99").post("/entrar/", right).status_code == 429
    assert owner.post("/entrar/", right).status_code == 302


def test_a_closed_account_is_closed(contract: Contract) -> None:
    """It can't be entered any more, holds nothing, and its address is free again."""
    holder = account("known@example.org", contract)
    client = signed_in(holder)
    client.post("/el-meu-compte/tancar/", {"sure": "on"})
    assert client.get("/contracte/K1/").status_code == 302
    again = Client().post("/entrar/", {"login": "known@example.org", "password": PASSWORD})
    assert again.status_code == 200
    assert not Holding.objects.exists()
    assert Account.objects.get(pk=holder.pk).closed_at is not None


def test_mails_to_an_address_are_few(contract: Contract) -> None:
    """Nobody can fill a stranger's mailbox through the Office."""
    account("known@example.org", contract)
    for _ in range(9):
        Client().post("/enllac/", {"email": "known@example.org"})
    assert AccountMessage.objects.count() == 5


def test_coming_in_and_second_factors_are_written_down(contract: Contract) -> None:
    """Each sign-in is an entry of the log; a second factor that came or went is told by mail."""
    holder = account("known@example.org", contract)
    client = Client()
    client.post("/entrar/", {"login": "known@example.org", "password": PASSWORD})
    client.get("/seguretat/aplicacio/")
    app = Authenticator.objects.create(user=holder, type=Authenticator.Type.TOTP, data={})
    authenticator_added.send(sender=Authenticator, user=holder, authenticator=app)
    authenticator_removed.send(sender=Authenticator, user=holder, authenticator=app)
    done = [one.action for one in done_to(f"account:{holder.pk}")]
    assert done == ["second_factor.removed", "second_factor.added", "account.signed_in"]
    assert AccountMessage.objects.filter(kind="notice", account_ref=holder.pk).count() == 2
