"""The house is as its plan says: rooms, doors, words."""

import ast
import configparser
import dataclasses
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from gettext import GNUTranslations
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from babel import Locale
from builders import REPOSITORY, a_plan, a_taper, example_site, kept, registered_protocol
from catalog import CATALOG, read_catalog, words_in_sources
from click.testing import CliRunner
from records import a_binder, an_offline_sheet

import cli
import clinic.memory.records
import schedule.record_views
import schedule.report_rows
import schedule.views
from schedule.planning.changes import compare
from schedule.planning.lookback import look_back
from schedule.render import language as words
from schedule.render.change_sheet import changes_html
from schedule.render.clinic_papers import binder_html, offline_html
from schedule.render.language import language
from schedule.render.lookback import lookback_html
from schedule.render.packet import packet_html
from schedule.render.pages import TEMPLATES, Style, environment
from schedule.render.worksheets import worksheets_html
from schedule.study.protocol import Text, VisitCode
from schedule.unblinded.allocation import allocate, preparations
from schedule.unblinded.sheets import handover_html, preparation_html

ROOMS = (REPOSITORY / "schedule", REPOSITORY / "clinic")
SOURCES = [REPOSITORY / "cli.py", *sorted(path for room in ROOMS for path in room.rglob("*.py"))]


def test_packages_listed_are_the_folders() -> None:
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    folders = {path.parent for room in ROOMS for path in room.rglob("__init__.py")}
    found = {".".join(folder.relative_to(REPOSITORY).parts) for folder in folders} | {"schedule.templates"}

    assert set(setup["options"]["packages"].split()) == found


def test_every_folder_of_code_is_a_package() -> None:
    for path in SOURCES[1:]:
        assert (path.parent / "__init__.py").exists(), path


def test_the_top_of_the_house_is_a_docstring() -> None:
    tree = ast.parse((REPOSITORY / "schedule" / "__init__.py").read_text("utf-8"))

    assert len(tree.body) == 1
    assert ast.get_docstring(tree)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"schedule\.unblinded", node.value)


def test_the_door_alone_names_the_closed_wing() -> None:
    wing = REPOSITORY / "schedule" / "unblinded"
    named_by = {
        path.relative_to(REPOSITORY).as_posix()
        for path in SOURCES
        if wing not in path.parents and any(name.startswith("schedule.unblinded") for name in imported(path))
    }

    assert named_by == {"cli.py"}


def test_the_door_opens_the_closed_wing_only_when_asked() -> None:
    tree = ast.parse((REPOSITORY / "cli.py").read_text("utf-8"))

    at_import = [node for node in tree.body if isinstance(node, ast.ImportFrom)]

    assert not any((node.module or "").startswith("schedule.unblinded") for node in at_import)


def test_the_door_loads_no_command_of_another_room_before_it_is_asked_for() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "import cli, sys; print([one for one in sys.modules if 'unblinded' in one])"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shown.stdout == "[]\n"
    assert set(cli.LAZY) <= set(cli.dayzero.list_commands(click.Context(cli.dayzero)))


def test_no_view_has_a_field_for_an_allocation() -> None:
    rooms = (schedule.views, schedule.record_views, schedule.report_rows)
    found = {
        f"{name}.{field.name}": field.name
        for room in rooms
        for name, record in vars(room).items()
        if isinstance(record, type) and dataclasses.is_dataclass(record) and record.__module__ == room.__name__
        for field in dataclasses.fields(record)
    }

    assert {"StaffSchedule.visits", "Binder.lines", "TellRow.audience"} <= set(found)
    assert not [path for path, name in found.items() if re.search("cohort|arm|alloc|product|treat|sequence", name)]


def test_no_record_or_row_of_the_clinic_has_a_field_for_an_allocation() -> None:
    """A visit's ``sequence`` is the number of its revisions, as calendars call it."""
    kinds = [kind for kind in vars(clinic.memory.records).values() if dataclasses.is_dataclass(kind)]
    names = {field.name for kind in kinds for field in dataclasses.fields(kind)}

    assert len(kinds) >= 9
    assert [name for name in names if re.search("cohort|arm|alloc|product|treat", name)] == []


def commands(group: click.Group = cli.dayzero, path: str = "dayzero") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def test_help_lists_every_command_in_a_section() -> None:
    listed = [name for names in cli.SECTIONS.values() for name in names]

    assert sorted(listed) == cli.dayzero.list_commands(click.Context(cli.dayzero))


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=str)
def test_every_command_explains_itself_and_stands_in_the_readme(path: str, command: click.Command) -> None:
    shown = CliRunner().invoke(cli.dayzero, [*path.split()[1:], "-h"])

    assert shown.exit_code == 0
    assert command.help
    assert isinstance(command, click.Group) or path in (command.epilog or "")
    assert all(option.help for option in command.params if isinstance(option, click.Option))
    assert path in (REPOSITORY / "README.md").read_text("utf-8")


def test_every_word_has_its_spanish_and_no_spanish_is_left_over() -> None:
    catalog = read_catalog()

    assert {(one.context, one.id) for one in words_in_sources()} == {(one.context, one.id) for one in catalog}
    for one in catalog:
        if one.id:
            strings = [one.string] if isinstance(one.string, str) else list(one.string or ())
            ids = [one.id] if isinstance(one.id, str) else list(one.id)
            assert all(strings), one.id
            assert not one.fuzzy
            for string in strings:
                assert set(re.findall(r"{\w+}", string)) == set(re.findall(r"{\w+}", ids[-1])), one.id
                assert not re.search(r"\bonce\b", string, re.IGNORECASE), one.id


def test_no_word_to_translate_hides_in_an_f_string() -> None:
    for path in SOURCES:
        for string in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(string, ast.JoinedStr):
                calls = [node for node in ast.walk(string) if isinstance(node, ast.Call) and node.args]
                words = [ast.unparse(call) for call in calls if isinstance(call.args[0], ast.Constant)]
                literal = [word for word in words if word.startswith("words(") or re.search(r"\.say(_count)?\(", word)]
                assert not literal, f"{path.name}:{string.lineno}: Babel does not look into f-strings"


REFUSING = [
    *sorted(path for path in (REPOSITORY / "clinic").rglob("*.py") if path.name != "doctor.py"),
    *(REPOSITORY / "schedule" / "participant").glob("*.py"),
    *(REPOSITORY / "schedule" / name for name in ("errors.py", "planning/taper.py")),
    *(REPOSITORY / "schedule" / "desk" / name for name in ("writing.py", "feeds.py")),
    *(REPOSITORY / "schedule" / "files" / name for name in ("values.py", "taper.py", "text.py")),
]
"""What somebody in the clinic can be refused by. Files of protocols, sites and rosters are told of in English, and so
is what ``doctor`` finds."""
REFUSALS = {"wrong", "remedy", "or_else"}
MAKERS = {"Problem", "Misread", "Mistake", "nearest_names", "_no", "tell", "wrong", "invalid", "_not_there", "_damaged",
          "damaged", "_unreadable"}  # fmt: skip


def only_english(code: str) -> list[str]:
    """Return what a refusal is made of in this code and no other language can say."""
    found: list[str] = []
    for node in ast.walk(ast.parse(code)):
        said: list[ast.expr] = []
        if isinstance(node, ast.Call) and called(node) in MAKERS:
            said = [*node.args, *(one.value for one in node.keywords if one.arg in REFUSALS)]
        elif (
            isinstance(node, ast.Assign)
            and REFUSALS
            & {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
        ) or (isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id in REFUSALS):
            said = [node.value]
        found += [ast.unparse(one) for value in said for one in plain_sentences(value)]
    return found


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def plain_sentences(node: ast.AST) -> Iterator[ast.AST]:
    """Yield texts with more than a word in them that neither ``words`` nor a language says."""
    if isinstance(node, ast.Call) and called(node) in {"words", "say"}:
        return
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        if re.search("[a-z]{3}", text) and " " in text:
            yield node
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search("[a-z] [a-z]", node.value):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from plain_sentences(child)


@pytest.mark.parametrize("path", REFUSING, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_refusal_in_the_clinic_can_be_said_in_another_language(path: Path) -> None:
    assert only_english(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        'Problem(place="--day", wrong=f"{day} is in the future", remedy=words("wait"))',
        'Problem(place="--day", wrong=words("it is late"), remedy="come another day")',
        'raise _no(visit.code, "it is not booked", words("nothing to do"))',
        'wrong, remedy = f"{visit} took place", words("check the date")',
        'remedy += "; say so"',
        'wrong = words("it is late") if late else f"it is {status} now"',
        'raise Misread(words("is no day"), "write a date")',
        'typed.wrong("--to", f"{last} is before {first}")',
        'nearest_names(code, known, or_else=f"dayzero show {code} lists all")',
    ],
)
def test_a_refusal_that_is_only_english_would_be_found(planted: str) -> None:
    assert only_english(planted)


def test_every_text_that_is_said_again_is_in_the_catalog() -> None:
    known = {one.id for one in read_catalog()}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) == "words" and isinstance(node.args[0], ast.Constant):
                assert node.args[0].value in known, f"{path.name}:{node.lineno}: run make words"


def test_the_compiled_catalog_is_current() -> None:
    with CATALOG.with_suffix(".mo").open("rb") as compiled:
        shipped = GNUTranslations(compiled)

    for one in read_catalog():
        if isinstance(one.id, str) and one.id:
            found = shipped.pgettext(one.context, one.id) if one.context else shipped.gettext(one.id)
            assert found == one.string, "run make words"
        elif one.id:
            singular, plural = one.id
            found_both = tuple(shipped.ngettext(singular, plural, count) for count in (1, 2))
            assert found_both == one.string, "run make words"


@pytest.mark.parametrize(("code", "locale"), [("en", "en_US"), ("es", "es_US")])
def test_names_of_days_and_months_are_those_of_cldr(code: str, locale: str) -> None:
    cldr: Any = Locale.parse(locale)
    speaks = language(code)
    short = [speaks.short_month(day, year=False) for day in months()]

    assert [speaks.say(name) for name in words.WEEKDAYS] == in_order(cldr.days["format"]["wide"])
    assert [speaks.say(name) for name in words.SHORT_WEEKDAYS] == in_order(cldr.days["format"]["abbreviated"])
    assert [speaks.say(name) for name in words.MONTHS] == in_order(cldr.months["format"]["wide"])
    assert short == [name.rstrip(".") for name in in_order(cldr.months["format"]["abbreviated"])]


def in_order(names: Mapping[int, str]) -> list[str]:
    return [names[number] for number in sorted(names)]


def months() -> list[date]:
    return [date(2026, month, 1) for month in range(1, 13)]


@pytest.mark.parametrize("root", ["packet", "unblinded"])
@pytest.mark.parametrize("code", ["en", "es"])
def test_every_template_compiles(root: str, code: str) -> None:
    jinja = environment(root, code)

    assert jinja.list_templates()
    for name in jinja.list_templates():
        jinja.get_template(name)


def test_blinded_templates_cannot_reach_the_unblinded_ones() -> None:
    assert "../unblinded/preparation.html" not in environment("packet", "en").list_templates()
    assert (TEMPLATES / "unblinded" / "preparation.html").exists()
    assert not any("preparation" in name for name in environment("packet", "en").list_templates())


def test_no_path_of_a_machine_and_no_print_of_a_clock_is_committed() -> None:
    names = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        path = REPOSITORY / name
        if (
            path.suffix in {".py", ".toml", ".cfg", ".md", ".html", ".css", ".po", ".json", ".ics", ""}
            and path.is_file()
        ):
            text = path.read_text("utf-8")
            assert not re.search(r"/(root|work|home)/[a-z]", text), name


def test_tool_versions_are_ranges() -> None:
    setup = configparser.ConfigParser()
    setup.read_file(StringIO((REPOSITORY / "setup.cfg").read_text("utf-8")))
    lines = setup["options"]["install_requires"].split("\n")
    for extra in setup["options.extras_require"].values():
        lines += extra.split("\n")

    assert len(lines) > 10
    assert all(">=" in line and "<" in line for line in lines if line.strip() and not line.startswith("#"))
    assert tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]


MARK = "the site's own"


def test_every_template_can_be_replaced_and_is_then_the_one_that_is_used(tmp_path: Path) -> None:
    """All templates are copied into a folder of the site's own, each with a mark of its own where it writes."""
    names = sorted(
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*")
        if path.suffix in {".html", ".css"} and path.parts[len(TEMPLATES.parts)] != "web"
    )
    for name in names:
        mark_template(name, tmp_path)
    written = everything(tmp_path)

    assert len(names) > 30
    assert [name for name in names if f"{MARK} {name} " not in written] == []


def mark_template(name: str, folder: Path) -> None:
    """Copy a template with a mark in the first place that is written whenever the template is used."""
    text, mark = (TEMPLATES / name).read_text("utf-8"), f"/* {MARK} {name} */"
    opening = re.search(r"{% block pages %}|{% macro [^%]*%}|<main>", text) if name.endswith(".html") else None
    end = opening.end() if opening else 0
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text[:end] + mark + text[end:], "utf-8")


def everything(templates: Path) -> str:
    """Return every page that dayzero makes, in both layouts, with the templates of this folder first."""
    protocol, site, speaks = registered_protocol(), example_site("gainesville"), language("es")
    made = a_plan(site=site, taper=a_taper((1, "1"))).with_link("https://a.example")
    allocation = allocate(protocol, made.staff.participant, "1")
    prepared = preparations(protocol, made.staff, allocation)
    later = a_plan(site=site, day0=date(2026, 3, 4))
    looked = look_back(protocol, screening=date(2026, 2, 2), randomization=date(2026, 3, 2))
    small, large = Style(templates=templates), Style(templates=templates, large=True)
    visits = [one.visit for one in prepared]
    return "".join(
        [
            packet_html(made.participant, speaks, small),
            packet_html(made.participant, speaks, large),
            worksheets_html(made.staff, speaks, small),
            lookback_html(looked, speaks, small),
            changes_html(compare(kept(made), kept(later)), speaks, small),
            preparation_html(
                made.staff,
                allocation,
                prepared,
                protocol,
                speaks,
                style=small,
                stopped={VisitCode("M6"): Text(en="off", es="no")},
            ),
            handover_html(made.staff, visits, protocol, speaks, style=small),
            binder_html(a_binder(), speaks, small),
            offline_html(an_offline_sheet(), speaks, small),
        ]
    )
