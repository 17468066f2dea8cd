"""Pages to print, as a browser gets them: a PDF, or the page itself with its own style and nothing else."""

from base64 import b64encode
from hashlib import sha256
from re import DOTALL, findall

from django.http import HttpResponse

from schedule.render.pdf import PdfUnavailable


def paper(page: str, name: str, kind: str) -> HttpResponse:
    """Return a page to print as a PDF or as HTML; as HTML too where no PDF can be made here."""
    if kind == "pdf":
        from schedule.desk.plan import print_paper

        try:
            (data,) = print_paper(name, page, ["pdf"], spell_out=True).values()
        except PdfUnavailable:
            return _page(page)
        named = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
        return HttpResponse(data, content_type="application/pdf", headers=named)
    return _page(page)


def _page(page: str) -> HttpResponse:
    styles = [
        b64encode(sha256(one.encode()).digest()).decode() for one in findall(r"<style>(.*?)</style>", page, DOTALL)
    ]
    allowed = " ".join(f"'sha256-{one}'" for one in styles) or "'none'"
    policy = f"default-src 'none'; style-src {allowed}; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    return HttpResponse(page, headers={"Content-Security-Policy": policy})
