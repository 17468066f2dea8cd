"""The site's own words: ``--templates DIR`` comes first, and what fails in it is told with file and line."""

from pathlib import Path

import pytest
from builders import Run, needs_pdf, plan

STORM = "packet/words/storm.html"


def overriding(here: Path, *options: str, **files: str) -> Run:
    for name, text in files.items():
        path = here / "own" / {"storm": STORM}.get(name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return plan("--templates", "own", "--only", "html", "--out", "out", *options, cwd=here)


@pytest.mark.parametrize(("lang", "said"), [("en", "Go up."), ("es", "Suba.")])
@pytest.mark.parametrize("layout", [(), ("--large-print",)])
def test_the_site_s_own_words_are_printed(lang: str, said: str, layout: tuple[str, ...], tmp_path: Path) -> None:
    words = '<h3>{{ both(en="Storm", es="Tormenta") }}</h3><p>{{ both(en="Go up.", es="Suba.") }}</p>'

    done = overriding(tmp_path, "--lang", lang, *layout, storm=words)

    page = (tmp_path / "out" / "P-001" / "packet.html").read_text("utf-8")
    assert done.code == 0
    assert said in page
    assert "storm is coming" not in page
    assert "S-1" in page


def test_the_site_s_own_words_make_every_page_another_edition(tmp_path: Path) -> None:
    ours = plan("--format", "json", cwd=tmp_path).out
    (tmp_path / "own" / "packet" / "words").mkdir(parents=True)
    (tmp_path / "own" / STORM).write_text("<p>Stay.</p>", "utf-8")

    theirs = plan("--format", "json", "--templates", "own", cwd=tmp_path).out

    assert theirs.split('"pages"')[0] == ours.split('"pages"')[0]
    assert not set(theirs.split('"pages"')[1].split()[1:-2]) & {
        line for line in ours.split('"pages"')[1].split() if len(line) == 11
    }


@pytest.mark.parametrize(
    ("words", "lang", "told"),
    [
        ("<p>\n{{ nobody }}</p>", "en", f"own/{STORM}: line 2: 'nobody' is undefined; mend that line, or delete"),
        ("<p>{% if %}</p>", "en", f"own/{STORM}: line 1: Expected an expression, got 'end of statement block'; mend"),
        ("<p>\n\n{% for x in y", "en", f"own/{STORM}: line 3: unexpected"),
        ("<p>{{ say('New words') }}</p>", "es", f"own/{STORM}: line 1: the catalog has no translation of 'New words'; "
         'write {{ both(en="...", es="...") }}'),
        ("<p>{{ both(en='New', es='') }}</p>", "en", f"own/{STORM}: line 1: the words in es are empty; write"),
        ("<p>{{ both(en='New') }}</p>", "en", f"own/{STORM}: line 1: "),
        ("<p>{{ 1 / 0 }}</p>", "en", f"own/{STORM}: line 1: division by zero; mend that line"),
        ("{% include 'gone.html' %}", "en", f"own/{STORM}: line 1: 'gone.html' not found in search paths"),
    ],
)  # fmt: skip
def test_a_template_that_fails_is_told_with_file_and_line(words: str, lang: str, told: str, tmp_path: Path) -> None:
    done = overriding(tmp_path, "--lang", lang, storm=words)

    assert done.code == 1
    assert f"dayzero: {told}" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_all_that_replaces_nothing_is_told_at_once(tmp_path: Path) -> None:
    files = {"packet/words/strom.html": "x", "storm.html": "x", "packet/cover.htm": "x"}
    done = overriding(tmp_path, **files)
    (tmp_path / "own" / STORM).write_bytes(b"\xff")
    binary = overriding(tmp_path, **files)

    assert (done.code, binary.code) == (1, 1)
    assert "own/packet/words/strom.html: replaces no template of ours; did you mean packet/words/storm.html" in done.err
    assert "own/packet/cover.htm: replaces no template of ours; did you mean packet/cover.html" in done.err
    assert len([line for line in done.err.splitlines() if "replaces no template" in line]) == 3
    assert f"own/{STORM}: is no UTF-8 text that can be read; save it as UTF-8" in binary.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_not_there_is_told_with_what_else_is_wrong(tmp_path: Path) -> None:
    done = plan("--templates", "gone", "--site", "gone.toml", cwd=tmp_path)

    assert done.code == 1
    assert "dayzero: --templates: there is no folder gone; check the name" in done.err
    assert "dayzero: gone.toml: there is no such file" in done.err


@pytest.mark.parametrize(
    "words",
    [
        '<p><img src="https://a.example/x.png" alt="x"></p>',
        "<p>\n<script>1</script></p>",
        "<p style='background: url(x)'></p>",
    ],
)
def test_what_loads_or_runs_is_told_with_its_line_where_no_pdf_is_made_too(words: str, tmp_path: Path) -> None:
    done = overriding(tmp_path, storm=words)

    line = words.split("<img", maxsplit=1)[0].split("<script", maxsplit=1)[0].count("\n") + 1
    assert done.code == 1
    assert f"dayzero: own/{STORM}: line {line}: pages load and run nothing, and this does: " in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("lang", ["en", "es"])
def test_words_without_a_translation_are_refused_in_both_languages(lang: str, tmp_path: Path) -> None:
    done = overriding(tmp_path, "--lang", lang, storm="<p>{{ say('hello friends') }}</p>")

    assert done.code == 1
    assert "the catalog has no translation of 'hello friends'" in done.err


def test_a_link_to_nothing_and_a_folder_in_a_template_s_place_are_told(tmp_path: Path) -> None:
    (tmp_path / "own" / "packet" / "words" / "ill.html").mkdir(parents=True)
    (tmp_path / "own" / STORM).symlink_to("nothing.html")

    done = overriding(tmp_path)

    assert done.code == 1
    assert done.err.count("is no UTF-8 text that can be read") == 2


def test_a_part_that_lacks_what_others_ask_for_is_not_blamed_on_dayzero(tmp_path: Path) -> None:
    done = overriding(tmp_path, **{"packet/parts.html": ""})

    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("dayzero: own: ")
    assert "dayzero's own templates ask for something that yours lack" in done.err


@needs_pdf
@pytest.mark.parametrize(
    "address", ["http://a.example/x.png", "file:///etc/passwd", "x.png", "data:image/svg+xml,<svg/>"]
)
def test_a_template_can_make_nothing_be_loaded(address: str, tmp_path: Path) -> None:
    done = overriding(tmp_path, "--only", "pdf", storm=f'<p><img src="{address}" alt="x"></p>')

    assert done.code == 1
    assert "pages load" in done.err
    assert "nothing" in done.err
    assert not (tmp_path / "out").exists()
