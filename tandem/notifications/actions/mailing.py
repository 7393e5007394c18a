"""The digest: what waits unread, by mail, once for each moment of the reader's rhythm."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import ngettext

from tandem.accounts.models import User, UserQuerySet
from tandem.accounts.queries import actor_for, company_settings, zone_of
from tandem.delivery.actions import plan_message
from tandem.delivery.rules import MessageClass
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.notifications import queries
from tandem.notifications.models import Mailing, Notification
from tandem.notifications.queries import Item
from tandem.notifications.rules import Rhythm, is_quiet, mailing_of

LIVES_FOR = timedelta(days=1)


def users_to_mail() -> list[User]:
    """Users whose rhythm says that it is time, and for whom something waits that no mail has told
    of: so that nothing is begun for the others."""
    return [user for user in _users_with_news() if _what_is_due(user)]


def _users_with_news() -> UserQuerySet:
    unmailed = Notification.objects.filter(
        Q(mailed_at__isnull=True) | Q(mailed_at__lt=F("at")),
        user_id=OuterRef("pk"),
        read_at__isnull=True,
    )
    return User.objects.get_queryset().active().filter(Exists(unmailed)).order_by("pk")


@action(permission="notifications.tell")
def send_digest(actor: Actor, user: User) -> bool:
    """Plan the mail of a user whose rhythm says that it is time and to whom there is something to
    tell; whether it did.

    The moment is taken, the mail is planned and what it tells is marked in one transaction: killed
    or run twice at once, it sends once.
    """
    due, items = _what_is_due(user) or (None, [])
    if due is None or not _take(user, due):
        return False
    with _spoken_to(user):
        _plan(actor, user, items, due)
    told = Notification.objects.filter(pk__in=[one.notification.pk for one in items])
    told.update(mailed_at=timezone.now())
    return True


def _what_is_due(user: User) -> tuple[datetime, list[Item]] | None:
    """The moment whose mail is due, and what it would tell; None where there is none to send."""
    now, zone = timezone.now(), zone_of(user)
    wanted = queries.preferences_of(user.pk)
    due = mailing_of(Rhythm(wanted.rhythm), now, zone)
    if due is None or is_quiet(now, zone, wanted.quiet_from, wanted.quiet_until):
        return None
    if Mailing.objects.filter(user=user, due_at__gte=due).exists():
        return None
    items = queries.to_mail(actor_for(user), before=due)
    return (due, items) if items else None


@contextmanager
def _spoken_to(user: User) -> Iterator[None]:
    """In the language and the time zone of a user."""
    with (
        translation.override(user.locale or settings.LANGUAGE_CODE),
        timezone.override(zone_of(user)),
    ):
        yield


def _take(user: User, due: datetime) -> bool:
    """Take a moment of the rhythm for this run; False where another has it or a later one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_mailing AS m (user_id, due_at) VALUES (%s, %s)"
            " ON CONFLICT (user_id) DO UPDATE SET due_at = EXCLUDED.due_at"
            " WHERE m.due_at < EXCLUDED.due_at RETURNING user_id",
            [user.pk, due],
        )
        return cursor.fetchone() is not None


def _plan(actor: Actor, user: User, items: list[Item], due: datetime) -> None:
    subject = _subject(items)
    context = {
        "language": translation.get_language(),
        "subject": subject,
        "lines": [(one, _address(queries.address_of(one))) for one in items],
        "all_url": _address(reverse("notifications:list")),
        "settings_url": _address(reverse("notifications:settings")),
        "company": company_settings().name or "Tandem",
    }
    plan_message(
        actor,
        message_class=MessageClass.TRANSACTIONAL,
        purpose="service",
        to=user.email,
        subject=subject,
        text=render_to_string("notifications/digest.txt", context),
        html=render_to_string("notifications/digest.html", context),
        send_key=f"notifications:{user.public_id}:{due.isoformat()}",
        not_after=timezone.now() + LIVES_FOR,
        is_confidential=True,
    )


def _subject(items: list[Item]) -> str:
    if len(items) == 1:
        return items[0].text[:200]
    words = ngettext("%(count)s notification", "%(count)s notifications", len(items))
    return words % {"count": len(items)}


def _address(path: str) -> str:
    return urljoin(settings.PUBLIC_URL, path)
