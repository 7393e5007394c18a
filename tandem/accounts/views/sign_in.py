"""Signing in: what allauth asks of us, and the pages that stand where it would send mail."""

import json
from base64 import b32encode, urlsafe_b64encode
from io import BytesIO
from secrets import token_bytes
from typing import Any, cast
from urllib.parse import quote

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import password_reset
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_http_methods
from qrcode.image.svg import SvgPathFillImage

from tandem.accounts.actions import change_own_password
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewPassword
from tandem.kernel.doors import public_page
from tandem.kernel.errors import TooMany
from tandem.ui.error_pages import refusal
from tandem.ui.responses import Toast, render
from tandem.ui.shell import THEME_COOKIE

A_YEAR_IN_SECONDS = 365 * 24 * 3600
# Signing in and out is seen without a word about it.
MAILED = frozenset({"account/email/password_reset_key"})
SILENT = frozenset({"account/messages/logged_in.txt", "account/messages/logged_out.txt"})


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Users come from an administrator, passwords change by an action, one kind of mail leaves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Only a link to a new password is mailed; it goes into the ledger of mails."""
        if template_prefix in MAILED:
            super().send_mail(template_prefix, email, context)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link in the mail: to this installation, whatever host the request named."""
        path = reverse("account_reset_password_from_key", args=["UID", "KEY"])
        return f"{settings.PUBLIC_URL}{path.replace('UID-KEY', quote(key))}"

    def set_password(self, user: User, password: str) -> None:
        changed = change_own_password(
            actor_for(user), NewPassword.model_validate({"password": password})
        )
        user.password = changed.password

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **details)
        if THEME_COOKIE not in request.COOKIES:
            set_theme(response, user.theme)
        return response

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whom the edge heard, or, with proxies in front of it, whom the last of them heard."""
        heard = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
        known = heard[-settings.ALLAUTH_TRUSTED_PROXY_COUNT :][0]
        return known or str(request.META.get("REMOTE_ADDR", ""))

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        if message_template in SILENT:
            return
        text = message or ""
        if message_template is not None:
            text = render_to_string(message_template, message_context or {}, request).strip()
        if text:
            tone = "bad" if level >= messages.ERROR else "ok"
            tags = json.dumps(Toast(text, tone=tone).as_dict())
            messages.add_message(request, level, text, extra_tags=tags)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets are stored encrypted; the picture of a key can be read on a dark page, too."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            # The installation's secret key was lost. No code may fit now, least of all one of
            # an empty secret that anyone can reckon; an administrator takes the factor away.
            return b32encode(token_bytes(20)).decode()

    def build_totp_svg(self, url: str) -> str:
        buffer = BytesIO()
        qrcode.make(url, image_factory=SvgPathFillImage).save(buffer)
        return buffer.getvalue().decode()


def _cipher() -> Fernet:
    digest = salted_hmac("tandem.accounts.second_factor", "", algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(digest))


def set_theme(response: HttpResponse, theme: str) -> None:
    """Let the pages of this browser look as the user chose."""
    response.set_cookie(THEME_COOKIE, theme, max_age=A_YEAR_IN_SECONDS, samesite="Lax")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page(reason="A link to a new password by mail, or whom to ask; rate-limited by allauth.")
def lost_access(request: HttpRequest) -> HttpResponseBase:
    if settings.SMTP_URL:
        return cast("HttpResponseBase", password_reset(request))
    status = 200 if request.method in ("GET", "HEAD") else 405
    return render(request, "account/lost_access.html", status=status)


def too_fast(request: HttpRequest) -> HttpResponse:
    """handler429: what allauth answers with when a rate is used up."""
    return refusal(request, TooMany())
