"""The doors of the Office: registering, signing in, one-time links, recovery, and leaving."""

from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bustia.instance import current_instance
from bustia.office.access import contracts_of, for_account
from bustia.office.forms.accounts import (
    AddressForm,
    CloseForm,
    ContractForm,
    PasswordForm,
    RegisterForm,
)
from bustia.office.limits import Limit, client_network
from bustia.office.models import Account, OneTimeKey
from bustia.office.recent import for_recent
from bustia.office.services import entrance, registration
from bustia.office.services.contact import customers_of
from bustia.office.services.devices import begin_guess, remember_device
from bustia.office.services.keys import Purpose, find_key

__all__ = [
    "SignIn",
    "account",
    "add_contract",
    "ask_link",
    "ask_recovery",
    "change_password",
    "close",
    "confirm_contract",
    "confirm_recovery",
    "confirm_register",
    "enter_by_link",
    "register",
]

_FORM = require_http_methods(["GET", "HEAD", "POST"])
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_HOUR = timedelta(hours=1)
MAILS_TO_ADDRESS = Limit("mails to an address", 5, _HOUR)
WISHES_FROM_NETWORK = Limit("registrations and links from a network", 30, _HOUR)
PROOFS_OF_CONTRACT = Limit("proofs of a contract", 10, _HOUR)


class SignIn(LoginView):  # type: ignore[misc]  # the library has no types
    """Sign in by password: guesses are counted before they are tried."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401
        """Try a password, unless too many were tried."""
        guess = begin_guess(request, request.POST.get("login", ""))
        if guess.refusal is not None:
            form = self.get_form_class()(request=request, data=request.POST)
            form.errors.clear()
            form.add_error(None, _too_often())
            context = self.get_context_data(form=form)
            return render(request, self.template_name, context, status=429)
        self._guess = guess
        answer: HttpResponseBase = super().post(request, *args, **kwargs)
        return answer

    def form_valid(self, form: Form) -> HttpResponseBase:
        """Let in who knew the password, and remember the device."""
        self._guess.succeeded()
        answer: HttpResponseBase = super().form_valid(form)
        if self.request.user.is_authenticated:
            remember_device(self.request, answer, self.request.user.email)
        return answer


def _too_often() -> str:
    return _(
        "Too many tries. Wait a while, or have a link sent to your mail: it lets you in at once."
    )


def _language(request: HttpRequest) -> str:
    return str(request.LANGUAGE_CODE)


def _may_ask(request: HttpRequest, address: str) -> bool:
    """Whether a mail may be asked for from here, to this address, whoever's it is."""
    return (
        WISHES_FROM_NETWORK.take(client_network(request)) is None
        and MAILS_TO_ADDRESS.take(Account.objects.normalize_email(address)) is None
    )


@_FORM
def register(request: HttpRequest) -> HttpResponse:
    """Take a wish to register; the answer is the same whatever was found."""
    form = RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        proofs = registration.Proofs(given["contract"], given["nif"], given["invoice"])
        allowed = _may_ask(request, given["email"])
        if allowed and PROOFS_OF_CONTRACT.take(given["contract"].strip()) is None:
            now = current_instance().now()
            registration.ask(proofs, given["email"], _language(request), at=now)
            return render(request, "office/accounts/sent.html", {"email": given["email"]})
        form.add_error(None, _("Too many tries. Wait an hour, please, or call us."))
    return render(request, "office/accounts/register.html", {"form": form})


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "office/accounts/gone.html", status=404)


def _key(purpose: Purpose, token: str) -> OneTimeKey | None:
    return find_key(purpose, token, at=current_instance().now())


@_FORM
def confirm_register(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a password and open the account; looking at the page uses nothing up."""
    key = _key(Purpose.REGISTER, token)
    if key is None:
        return _gone(request)
    form = PasswordForm(request.POST or None, address=key.address)
    if request.method == "POST" and form.is_valid():
        made = registration.open_account(
            key, form.cleaned_data["password"], at=current_instance().now()
        )
        if made is None:
            return _gone(request)
        login(request, made, backend=_BACKEND)
        answer = redirect("office:start")
        remember_device(request, answer, made.email)
        return answer
    return render(request, "office/accounts/open.html", {"form": form, "key": key})


@_FORM
def confirm_contract(request: HttpRequest, token: str) -> HttpResponse:
    """Add the contract to the account that the mail went to."""
    key = _key(Purpose.ADD_CONTRACT, token)
    if key is None:
        return _gone(request)
    if request.method == "POST":
        if not registration.add_contract(key, at=current_instance().now()):
            return _gone(request)
        told = _("The contract is in your account now.")
        messages.success(request, told, extra_tags="good")
        return redirect("office:start")
    return render(request, "office/accounts/add_confirm.html", {"key": key})


@_FORM
@for_account
def add_contract(request: HttpRequest, account: Account) -> HttpResponse:
    """Add another contract by the same three proofs."""
    form = ContractForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given, now = form.cleaned_data, current_instance().now()
        proofs = registration.Proofs(given["contract"], given["nif"], given["invoice"])
        if (
            WISHES_FROM_NETWORK.take(client_network(request)) is not None
            or PROOFS_OF_CONTRACT.take(given["contract"].strip()) is not None
        ):
            form.add_error(None, _("Too many tries. Wait an hour, please, or call us."))
        else:
            registration.ask(proofs, account.email, account.language, at=now)
            return render(request, "office/accounts/sent.html", {"email": account.email})
    return render(request, "office/accounts/add.html", {"form": form})


def _next(request: HttpRequest) -> str:
    """Give the page that was asked for before, if it is one of ours."""
    path = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(path, {request.get_host()}, request.is_secure())
    return path[:500] if safe else ""


@_FORM
def ask_link(request: HttpRequest) -> HttpResponse:
    """Send a link to enter."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if _may_ask(request, email):
            now = current_instance().now()
            entrance.ask_link(email, _language(request), _next(request), at=now)
        return render(request, "office/accounts/sent.html", {"email": email})
    values = {"form": form, "next": _next(request)}
    return render(request, "office/accounts/link.html", values)


@_FORM
def enter_by_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Enter by a link: its page has a button, since programs that check mails open links."""
    key = _key(Purpose.SIGN_IN, token)
    if key is None:
        return _gone(request)
    if request.method != "POST":
        return render(request, "office/accounts/enter.html", {"key": key})
    found = entrance.use_link(key, at=current_instance().now())
    if found is None:
        return _gone(request)
    answer: HttpResponseBase = perform_login(
        request, Login(user=found, redirect_url=key.next_path or None, email=found.email)
    )
    if request.user.is_authenticated:
        remember_device(request, answer, found.email)
    return answer


@_FORM
def ask_recovery(request: HttpRequest) -> HttpResponse:
    """Send a link by which a new password is chosen."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if _may_ask(request, email):
            entrance.ask_recovery(email, _language(request), at=current_instance().now())
        return render(request, "office/accounts/sent.html", {"email": email})
    return render(request, "office/accounts/recover.html", {"form": form})


@_FORM
def confirm_recovery(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a new password; every session of the account ends."""
    key = _key(Purpose.RECOVER, token)
    if key is None or key.account is None:
        return _gone(request)
    form = PasswordForm(request.POST or None, address=key.account.email)
    if request.method == "POST" and form.is_valid():
        now = current_instance().now()
        if not entrance.recover(key, form.cleaned_data["password"], at=now):
            return _gone(request)
        told = _("Your password is changed. You can enter with it now.")
        messages.success(request, told, extra_tags="good")
        return redirect("account_login")
    return render(request, "office/accounts/new_password.html", {"form": form})


@require_safe
@for_account
def account(request: HttpRequest, account: Account) -> HttpResponse:
    """Show the account: its address, its contracts, and what can be done with it."""
    numbers = {one.mobile for one in customers_of(account) if one.mobile}
    values = {"account": account, "held": contracts_of(account), "numbers": sorted(numbers)}
    return render(request, "office/accounts/account.html", values)


@_FORM
@for_account
@for_recent
def change_password(request: HttpRequest, account: Account) -> HttpResponse:
    """Choose another password; other devices are signed out."""
    form = PasswordForm(request.POST or None, address=account.email)
    if request.method == "POST" and form.is_valid():
        now = current_instance().now()
        entrance.change_password(account, form.cleaned_data["password"], at=now)
        update_session_auth_hash(request, account)
        messages.success(request, _("Your password is changed."), extra_tags="good")
        return redirect("office:account")
    return render(request, "office/accounts/new_password.html", {"form": form})


@_FORM
@for_account
@for_recent
def close(request: HttpRequest, account: Account) -> HttpResponse:
    """Close the account for good."""
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entrance.close(account, at=current_instance().now())
        logout(request)
        return render(request, "office/accounts/closed.html")
    return render(request, "office/accounts/close.html", {"form": form})
