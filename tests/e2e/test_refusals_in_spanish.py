"""Refusals in the language of --staff-lang: of decisions, of what was typed, of files and of the store."""

from pathlib import Path

import pytest
from clinics import Clinic, opened, with_participant

TAPER = 'from,dose_mg,instruction_en,instruction_es\n1,20,take,tome\n8,"7,5",take,tome\n'


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """A clinic with P-001, infused on 2 March 2026."""
    return with_participant(tmp_path, monkeypatch)


REFUSED = [
    ("book P-001 M1 2026-04-04", 1,
     "dayzero: M1: el 2026-04-04 el centro está cerrado, como todos los sábados; "
     "elija otro día; dayzero book P-001 M1 muestra los que están disponibles"),
    ("book P-001 M1 2026-05-25", 1,
     "dayzero: M1: el 2026-05-25 el centro está cerrado (Día de los Caídos); "
     "elija otro día; dayzero book P-001 M1 muestra los que están disponibles"),
    ("book P-001 M1 2026-05-04", 1,
     "dayzero: M1: 2026-05-04 está fuera de la ventana de M1, del 2026-03-26 al 2026-04-09; "
     'elija otro día, o registre una desviación del protocolo con --deviation "por qué"'),
    ("done P-001 M3 2026-03-02", 1,
     "dayzero: M3: asistir no es recibir la dosis: no se dijo si la infusión se administró; "
     "diga --given yes, --given no o --given partial"),
    ("move P-001 D0 2026-04-02 --reason storm", 1,
     "dayzero: D0: su estado es «realizada», y no se puede cambiar de día; "
     "dayzero correct P-001 D0 --status planned --reason ... vuelve a abrirla"),
    ("resume P-001 --reason well", 1,
     "dayzero: P-001: no hay ninguna espera de este tipo (participante); no hay nada que hacer"),
    ("show P-01", 2,
     "dayzero: PARTICIPANT: nadie está inscrito como 'P-01'; "
     "¿quiso decir P-001? Si no, dayzero list los muestra todos; dayzero enroll agrega uno"),
    ("enroll P-002 --site gainsville --randomized 2026-03-02", 2,
     "dayzero: --site: no existe ningún centro 'gainsville'; la clínica tiene: gainesville; "
     "¿quiso decir gainesville? Si no, nombre uno de estos, o un archivo que termine en .toml"),
    ("taper plan P-001 taper.csv", 1,
     "dayzero: taper.csv: fila 3, dose_mg: '7,5' lleva coma decimal; escriba 7.5"),
    ("hold --reason storm", 2, "Error: diga una de estas: PARTICIPANT, --site SITE o --study"),
    ("book P-001 M1 2026-02-30 9h", 2,
     "Error: DATE: '2026-02-30' es un día que no existe; revise el mes y cuántos días tiene\n"
     "  TIME: '9h' no es una hora del día; escriba 09:00, o 14:30 para las dos y media de la tarde"),
    ("show P-001 --db nowhere.sqlite3", 3,
     "nowhere.sqlite3: no hay ningún almacén de dayzero; "
     "créelo con 'dayzero clinic init', o diga con --db dónde está"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code", "said"), REFUSED, ids=[one[0] for one in REFUSED])
def test_a_refusal_is_said_in_spanish(one: Clinic, line: str, code: int, said: str) -> None:
    (one.folder / "taper.csv").write_text(TAPER, "utf-8")

    done = one.run(f"{line} --staff-lang es")

    assert done.code == code
    assert done.err.endswith(f"{said}\n")


def test_what_is_said_in_spanish_is_recorded_as_little_as_in_english(one: Clinic) -> None:
    before = one.count()

    english = one.run("book P-001 M1 2026-04-04 --yes").err
    spanish = one.run("book P-001 M1 2026-04-04 --yes --staff-lang es").err

    assert "on 2026-04-04 the site is closed, as on every Saturday" in english
    assert "el 2026-04-04 el centro está cerrado" in spanish
    assert one.count() == before


def test_a_command_without_the_option_refuses_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = opened(tmp_path, monkeypatch)
    here.run("show P-001 --staff-lang es")

    done = here.run("lookback --screening 2026-03-02 --randomization 2026-03-01")

    assert done.code == 1
    assert "2026-03-01" in done.err
    assert "anterior" not in done.err
