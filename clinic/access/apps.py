"""The app, by the name under which its tables are known."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Accounts and one-time links: only the web server has it."""

    name = "clinic.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
