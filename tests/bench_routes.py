"""The server's addresses, and one more whose view does nothing: what the others are measured against."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from clinic.server import routes

BODY = b"x" * 400


def trivial(request: HttpRequest) -> HttpResponse:
    """Answer without asking anything."""
    del request
    return HttpResponse(BODY, content_type="text/plain", headers={"Content-Length": str(len(BODY))})


urlpatterns = [path("trivial", trivial), *routes.urlpatterns]
handler400, handler403 = routes.handler400, routes.handler403
handler404, handler500 = routes.handler404, routes.handler500
