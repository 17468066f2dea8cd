"""The Spanish catalog: what there is to translate, and ``make words``, which brings the files up to date."""

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

REPOSITORY = Path(__file__).parent.parent.parent
CATALOG = REPOSITORY / "schedule" / "locale" / "es" / "LC_MESSAGES" / "dayzero.po"
KEYWORDS = {"say": None, "say_count": (1, 2), "N_": None, "words": None, "NP_": ((1, "c"), 2)}
SOURCES = {"schedule": ("**.py", "python"), "clinic": ("**.py", "python"), "templates": ("**.html", "jinja2")}
PLURALS = "nplurals=2; plural=(n != 1);"
"""One and many. CLDR's third form, for whole millions, is not for counts of visits and days."""
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def words_in_sources() -> Catalog:
    """Collect every word to translate from the code and the templates."""
    catalog = Catalog(locale="es", project="dayzero", fuzzy=False, creation_date=SOME_DAY, revision_date=SOME_DAY)
    catalog.mime_headers = [("Plural-Forms", PLURALS)]
    for folder, method in SOURCES.items():
        found = extract_from_dir(
            REPOSITORY / folder, [method], options_map={"**.html": {"trim_blocks": "true"}}, keywords=KEYWORDS
        )
        for _, _, message, _, context in found:
            catalog.add(message, context=context)
    for _, message, _, context in extract_from_file("python", REPOSITORY / "cli.py", keywords=KEYWORDS):
        catalog.add(message, context=context)
    return catalog


def read_catalog() -> Catalog:
    """Return the translations as they are written."""
    with CATALOG.open("rb") as file:
        return read_po(file, locale="es")


def main() -> None:
    """Add new words, drop those that are gone, compile; the same words give the same bytes. Tell what is missing."""
    catalog, written = words_in_sources(), read_catalog()
    missing = []
    for one in catalog:
        known = written.get(one.id, one.context) if one.id else None
        if known and known.string:
            one.string = known.string
        elif one.id:
            missing.append(str(one.id))
    catalog.last_translator, catalog.language_team, catalog.copyright_holder = "dayzero", "es", "dayzero"
    catalog.header_comment = "# Spanish (es-US) words of dayzero."
    with CATALOG.open("wb") as file:
        write_po(file, catalog, width=110, sort_output=True)
    with CATALOG.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)
    print("\n".join(["to translate:", *missing] if missing else ["every word has its Spanish"]))  # noqa: T201


if __name__ == "__main__":
    main()
