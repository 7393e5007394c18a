"""One's own notifications, and how one hears of them."""

from django.urls import path

from tandem.notifications.views import bell, pages, settings

app_name = "notifications"

urlpatterns = [
    path("notifications", pages.listed, name="list"),
    path("notifications/bell", bell.bell, name="bell"),
    path("notifications/reading", pages.all_read, name="all_read"),
    path("notifications/<uuid:public_id>/opening", pages.opening, name="opening"),
    path("notifications/<uuid:public_id>/reading", pages.reading, name="reading"),
    path("notifications/<uuid:public_id>/snooze", pages.snoozing, name="snooze"),
    path("settings/notifications", settings.own, name="settings"),
]
