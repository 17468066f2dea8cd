"""Where somebody begins, by their role."""

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from clinic.access.roles import Right
from clinic.pages.frame import Asked


def home(asked: Asked) -> HttpResponse:
    """Send everybody to the page that they need most."""
    return HttpResponseRedirect(reverse("today" if asked.may(Right.VIEW) else "infusions"))
