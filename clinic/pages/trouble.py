"""Pages for what went wrong: never a traceback, always the next step."""

import logging
import sys
from collections.abc import Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from clinic.desk.typed import Mistyped, say_mistakes
from clinic.pages.frame import Asked, View, language_of, render
from clinic.pages.remedies import say_on_page
from schedule.errors import ScheduleError, StoreConflict, StoreUnavailable, UnknownName, told_bug
from schedule.render.language import Language
from schedule.render.problems import AS_TYPED

_log = logging.getLogger("dayzero")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is no such page."""
    del exception
    speaks = language_of(request)
    said = speaks.say("There is no such page. Go back, or begin at the start page.")
    return render(request, "trouble.html", speaks, status=404, title=speaks.say("Not found"), said=[said])


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what cannot be answered, such as a request under another server's name, without repeating any of it."""
    del request, exception
    return HttpResponse("dayzero: bad request\n", status=400, content_type="text/plain")


def no_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was not sent from our own page."""
    del reason
    speaks = language_of(request)
    said = speaks.say("This form is too old, or was not sent from this site. Open the page again, and repeat it.")
    return render(request, "trouble.html", speaks, status=403, title=speaks.say("Not recorded"), said=[said])


def bug(request: HttpRequest) -> HttpResponse:
    """Say that it is our fault, with a line for a report."""
    error = sys.exc_info()[1]
    told = told_bug(error) if isinstance(error, Exception) else "?"
    _log.error("bug: %s", told)
    speaks = language_of(request)
    said = speaks.say("This is a bug in dayzero, not in what you did. It was not finished. Report this line: {line}",
                      line=told)  # fmt: skip
    return render(request, "trouble.html", speaks, status=500, title=speaks.say("A bug"), said=[said])


def sentences(error: ScheduleError | Mistyped, speaks: Language, labels: Mapping[str, str] = AS_TYPED) -> list[str]:
    """Return all that is wrong, a line each, with the labels of the page's fields in the places of their names."""
    if isinstance(error, Mistyped):
        return say_mistakes(error, speaks, labels)
    return [say_on_page(one, speaks, labels) for one in error.problems]


def told(asked: Asked, error: ScheduleError | Mistyped) -> HttpResponse:
    """Say all that is wrong."""
    speaks = asked.speaks
    title, status = speaks.say("This cannot be done"), 422
    if isinstance(error, UnknownName):
        title, status = speaks.say("Not found"), 404
    elif isinstance(error, StoreConflict):
        title, status = speaks.say("Somebody else was faster"), 409
    elif isinstance(error, StoreUnavailable):
        title, status = speaks.say("The store cannot be reached"), 503
    said = sentences(error, speaks)
    return asked.page("trouble.html", status=status, title=title, said=said)


def telling(view: View) -> View:
    """Make a page of what the view says no to."""

    @wraps(view)
    def tell(asked: Asked, **path: Any) -> HttpResponse:
        try:
            return view(asked, **path)
        except (ScheduleError, Mistyped) as error:
            return told(asked, error)

    return tell
