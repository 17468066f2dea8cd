"""The tables of accounts. They are no part of the records: passwords leave the store with no copy of it."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from clinic.access.roles import Role


class Accounts(BaseUserManager):
    """Finds accounts by the name that was typed to sign in."""

    def get_by_natural_key(self, username: str | None) -> Any:
        """Return the account of this name, however its letters are written."""
        return self.get(name=(username or "").lower())


class Account(AbstractBaseUser):
    """Somebody who may sign in: initials or a role, never a participant."""

    name = models.CharField(max_length=32, unique=True)
    role = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Role])
    sites = models.TextField(default="", blank=True)
    """Separated by commas; an administrator's are all."""
    lang = models.CharField(max_length=2, default="en")
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField()

    objects = Accounts()

    USERNAME_FIELD = "name"
    REQUIRED_FIELDS: ClassVar = ["role"]

    @property
    def is_administrator(self) -> bool:
        """Whether all sites are theirs."""
        return Role(self.role) is Role.ADMINISTRATOR

    @property
    def own_sites(self) -> tuple[str, ...]:
        """The sites that were given to the account."""
        return tuple(one for one in self.sites.split(",") if one)


class Invitation(models.Model):
    """A one-time link with which somebody sets a password; only its hash is kept."""

    hash = models.CharField(max_length=64, primary_key=True)
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE)
    """Nobody yet: it makes the first administrator."""
    expires = models.DateTimeField()
