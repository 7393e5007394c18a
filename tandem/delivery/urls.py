"""Setting up mail, below ``settings/``."""

from django.urls import path

from tandem.delivery.views import settings

app_name = "delivery"

urlpatterns = [
    path("settings/mail", settings.mail, name="mail"),
    path("settings/mail/test", settings.test, name="mail_test"),
]
