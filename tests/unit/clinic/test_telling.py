"""A record is said once, the same for the log, the binder and the pages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clinic.desk import link_records, rulebook
from clinic.desk.codec import KINDS
from clinic.desk.telling import HAPPENED, audit_line, happened, say_subject, sentence
from clinic.memory.records import Record
from schedule.render.language import language


def record(kind: str, body: dict[str, Any], reason: str = "") -> Record:
    return Record(
        seq=1, group=1, subject="participant/P-001", number=1, kind=kind, version=1, body=body, reason=reason,
        at=datetime(2026, 3, 2, 17, tzinfo=UTC), actor="JD", role="coordinator", account="clinic-pc",
        protocol_version="2.0", tzdata_version="2026.1", program="0.1.0", previous="", hash="",
    )  # fmt: skip


MOVED = {
    "code": "M1", "old_day": "2026-04-02", "old_start": "2026-04-02T09:00:00", "deviation": None, "reason": "storm",
    "slot": {"day": "2026-04-03", "start": "2026-04-03T10:30:00", "end": "2026-04-03T12:30:00"},
}  # fmt: skip
CORRECTED = {
    "code": "M3", "old_status": "done", "new_status": "planned", "old_day": "2026-06-02", "new_day": None,
    "old_given": "yes", "new_given": None, "old_where": "here", "new_where": "here", "deviation": None, "reason": "x",
}  # fmt: skip
SAID = [
    ("moved", MOVED, "storm",
     "moved: M1, Day: 2026-04-02 09:00 -> 2026-04-03 10:30 (storm)",
     "cambió de día: M1, Día: 2026-04-02 09:00 -> 2026-04-03 10:30 (storm)"),
    ("done", {"code": "M3", "day": "2026-06-02", "planned": "2026-06-02", "given": "partial", "where": "remote",
              "deviation": {"reason": "pump failed"}}, "",
     "done: M3, Day: 2026-06-02, Dose: in part, Place: by phone or video, Deviation: pump failed",
     "realizada: M3, Día: 2026-06-02, Dosis: en parte, Lugar: por teléfono o video, Desviación: pump failed"),
    ("done", {"code": "M1", "day": "2026-04-14", "planned": "2026-04-03", "given": None, "where": "here",
              "deviation": None}, "",
     "done: M1, Day: 2026-04-03 -> 2026-04-14, Place: at the site",
     "realizada: M1, Día: 2026-04-03 -> 2026-04-14, Lugar: en el centro"),
    ("visit_corrected", CORRECTED, "x",
     "visit corrected: M3, Day: 2026-06-02 -> -, Status: done -> planned, Dose: yes -> - (x)",
     "visita corregida: M3, Día: 2026-06-02 -> -, Estado: realizada -> planeada, Dosis: sí -> - (x)"),
    ("participant_corrected",
     {"old_randomized": "2026-03-02", "new_randomized": "2026-03-02", "old_steroids": None, "new_steroids": False,
      "old_lang": "en", "new_lang": "es", "reason": "x"}, "x",
     "participant's facts corrected: On steroids: no, Language: en -> es (x)",
     "datos del participante corregidos: Toma esteroides: no, Idioma: en -> es (x)"),
    ("told", {"audience": "pharmacy", "codes": ["M3", "M6"], "who": "participant", "how": "here", "pages": ""}, "",
     "told: M3, M6, the pharmacy, participant, here",
     "avisado: M3, M6, la farmacia, participant, here"),
    ("infusions_held", {"scope": "site", "reason": "recall"}, "recall",
     "infusions on hold: the whole site (recall)", "infusiones en espera: todo el centro (recall)"),
    ("participation_ended", {"standing": "withdrawn", "day": "2026-08-01", "cancelled": ["M4"], "reason": "x"}, "x",
     "participation ended: Day: 2026-08-01, withdrew (x)",
     "participación terminada: Día: 2026-08-01, se retiró (x)"),
    ("amended", {"old_version": "1", "new_version": "2", "described": [], "removed": [], "reason": "x"}, "x",
     "another version of the protocol: Protocol version: 1 -> 2 (x)",
     "otra versión del protocolo: Versión del protocolo: 1 -> 2 (x)"),
    ("unscheduled_added", {"visit": {"code": "U1", "kind": "clinic"}, "reason": "rash"}, "rash",
     "unscheduled visit added: U1 (rash)", "visita no programada agregada: U1 (rash)"),
    ("site_closed", {"first": "2026-08-31", "last": "2026-09-02"}, "hurricane",
     "site closed on these days: 2026-08-31 to 2026-09-02 (hurricane)",
     "centro cerrado en estos días: 2026-08-31 a 2026-09-02 (hurricane)"),
    ("site_closed", {"first": "2026-08-31", "last": "2026-09-02", "kinds": ["infusion", "virtual"]}, "recall",
     "site closed on these days: 2026-08-31 to 2026-09-02, Kinds: infusion, call (recall)",
     "centro cerrado en estos días: 2026-08-31 a 2026-09-02, Tipos: infusión, llamada (recall)"),
    ("site_opened", {"day": "2026-09-05", "opens": "08:00", "closes": "12:00"}, "storm",
     "site open after all: Day: 2026-09-05, Opens: 08:00, Closes: 12:00 (storm)",
     "centro abierto de todos modos: Día: 2026-09-05, Abre: 08:00, Cierra: 12:00 (storm)"),
    ("capacity_set", {"first": "2026-09-07", "last": "2026-09-11", "kind": "infusion", "limit": 0}, "ill",
     "how much these days can hold: 2026-09-07 to 2026-09-11, Kind: infusion, At most: 0 (ill)",
     "cuánto cabe en estos días: 2026-09-07 a 2026-09-11, Tipo: infusión, Como máximo: 0 (ill)"),
    ("overbooked", {"code": "M3", "day": "2026-06-01", "taken": 2, "limit": 2, "reason": "x"}, "x",
     "day overbooked: M3, Day: 2026-06-01, At most: 2 (x)", "día sobrepasado: M3, Día: 2026-06-01, Como máximo: 2 (x)"),
    ("preferred", {"old_weekdays": [], "new_weekdays": ["monday", "wednesday"], "old_not_before": None,
                   "new_not_before": "10:00:00", "old_not_after": "15:30:00", "new_not_after": None}, "",
     "when the participant likes to come: Weekdays: Mon, Wed, Not before: 10:00, Not after: 15:30 -> -",
     "cuándo prefiere venir el participante: Días: lun, mié, No antes de: 10:00, No después de: 15:30 -> -"),
    ("protocol_followed", {"old": None, "new": "1"}, "",
     "protocol that the site follows: 1", "protocolo que sigue el centro: 1"),
    ("site_set", {"text": "id = 1", "logo": "", "holidays": None}, "", "site's file read", "archivo del centro leído"),
    ("clock", {"old": "2026-06-12T17:00:00.000000Z", "new": "2028-06-12T17:00:00.000000Z"}, "",
     "the clock jumped: 2026-06-12 17:00 -> 2028-06-12 17:00", "el reloj saltó: 2026-06-12 17:00 -> 2028-06-12 17:00"),
    ("a_newer_kind", {"what": 1}, "", "a_newer_kind", "a_newer_kind"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "reason", "en", "es"), SAID, ids=[f"{one[0]}-{one[2]}" for one in SAID])
def test_a_record_is_said_in_a_line_in_both_languages(
    kind: str, body: dict[str, Any], reason: str, en: str, es: str
) -> None:
    one = record(kind, body, reason)

    assert sentence(one, language("en")) == en
    assert sentence(one, language("es")) == es


def test_every_kind_of_record_has_words_in_both_languages() -> None:
    of_accounts = {
        "account_created", "account_changed", "account_closed", "account_reopened", "password_set",
        "sign_in_link_given",
    }  # fmt: skip
    assert HAPPENED.keys() == KINDS.keys() | rulebook.KINDS.keys() | link_records.KINDS.keys() | of_accounts | {"clock"}
    for kind, words in HAPPENED.items():
        assert happened(kind, language("en")) == words
        assert happened(kind, language("es")) != words, words


def test_a_monitor_reads_before_and_after_side_by_side() -> None:
    line = audit_line(record("visit_corrected", CORRECTED, "wrong line"), language("en"))

    assert (line.visits, line.old, line.new, line.reason) == (
        ("M3",), "Day: 2026-06-02, Status: done, Dose: yes", "Status: planned", "wrong line"
    )  # fmt: skip
    assert (line.who, line.role, line.kind) == ("JD", "coordinator", "visit_corrected")


@pytest.mark.parametrize(
    ("subject", "en", "es"),
    [
        ("participant/P-001", "P-001", "P-001"),
        ("links/participant/P-001", "links of P-001", "enlaces de P-001"),
        ("links/site/miami", "links of site miami", "enlaces de centro miami"),
        ("links/pharmacy/miami", "links of pharmacy of miami", "enlaces de farmacia de miami"),
        ("site/miami", "site miami", "centro miami"),
        ("account/jd", "account jd", "cuenta jd"),
        ("study", "the study", "el estudio"),
        ("system", "dayzero", "dayzero"),
        ("newer/thing", "newer/thing", "newer/thing"),
    ],
)
def test_what_a_record_is_of_is_said_in_both_languages(subject: str, en: str, es: str) -> None:
    assert say_subject(subject, language("en")) == en
    assert say_subject(subject, language("es")) == es
