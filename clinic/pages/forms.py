"""A form of which everything follows: it is filled in, looked at, and recorded as it was looked at, or not at all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from clinic.commands.common import say_draft
from clinic.desk.proposing import Proposal, fingerprint, record
from clinic.desk.typed import Mistyped
from clinic.pages.actions import PLAN_FILE, Field, Shape
from clinic.pages.frame import Asked
from clinic.pages.remedies import say_on_page
from schedule.errors import InvalidInput, Problem, Refused, StoreConflict
from schedule.files.text import LARGEST, decode

PICK, LOOK, RECORD = "pick", "look", "record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A form as somebody sees it."""

    title: str
    about: str
    """Whom or what it concerns."""
    back: str
    """Where one goes who records nothing."""
    fields: tuple[Field, ...]
    values: Mapping[str, str]
    seen: int
    """How many records there were when it was filled in."""
    warns: bool = False
    other_days: Sequence["OtherDay"] = ()
    """The days that are open, the best first."""
    more_days: int = 0
    """How many more are open."""
    lists_days: bool = False
    window: str = ""
    """When the visit should be."""
    note: str = ""
    wrong: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What cannot be read, by field."""
    problems: Sequence[str] = ()
    """Why it cannot be done."""
    meanwhile: Sequence[Any] = ()
    """What somebody else has recorded since."""
    conflicts: Sequence[str] = ()
    answers: frozenset[str] = frozenset()
    """The options of the command line that would do, where something was refused: they are asked for too."""
    follows: Sequence[str] | None = None
    """What would be different, once it was looked at."""
    previewed: str = ""
    """Stands for all that would be recorded."""

    @property
    def shown(self) -> tuple[Field, ...]:
        """The fields that are asked for now."""
        return tuple(one for one in self.fields if self._asks(one))

    def _asks(self, one: Field) -> bool:
        return not one.asks_later or one.place in self.answers or bool(self.values.get(one.name))

    @property
    def sends_file(self) -> bool:
        """Whether a file can be chosen."""
        return any(one.shape is Shape.FILE for one in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDay:
    """A day that a visit could have, and what speaks for it and against it."""

    day: Any
    facts: tuple[str, ...]
    deviates: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a form is for."""

    empty: Filled
    propose: Callable[[Mapping[str, str]], Proposal]
    """Raises Mistyped, Refused and InvalidInput."""
    since: Callable[[int], Sequence[Any]]
    """What was recorded after so many records."""
    then: Callable[[], str]
    """Where to go when it is recorded."""


def answer(asked: Asked, asking: Asking) -> HttpResponse:
    """Show the form, what follows from it, or why it cannot be done; record what was looked at."""
    if asked.request.method != "POST":
        return _show(asked, asking.empty)
    try:
        sent = _sent(asked, asking.empty)
    except InvalidInput as error:
        return _show(asked, replace(asking.empty, problems=_said(asked, asking.empty, error.problems)), status=422)
    filled = replace(asking.empty, values=sent)
    if sent["seen"] != str(filled.seen):
        return _conflict(asked, asking, filled)
    try:
        proposal = asking.propose(sent)
    except (Mistyped, Refused, InvalidInput) as error:
        is_begun = sent["step"] == PICK and isinstance(error, Mistyped)
        return _show(asked, filled) if is_begun else _show(asked, _refused(asked, filled, error), status=422)
    previewed = fingerprint(proposal)
    if sent["step"] == RECORD and sent["previewed"] == previewed:
        return _record(asked, asking, filled, proposal)
    follows = [line for one in proposal.drafts for line in say_draft(one, asked.speaks)]
    return _show(asked, replace(filled, follows=follows, previewed=previewed))


def _refused(asked: Asked, filled: Filled, error: Mistyped | Refused | InvalidInput) -> Filled:
    """Return the form with what is wrong; where a deviation or more than a day can hold would do, it is asked why."""
    if not isinstance(error, Mistyped):
        later = [one.place for one in filled.fields if one.asks_later]
        answers = {place for place in later for one in error.problems if place in one.remedy or place == one.place}
        return replace(filled, problems=_said(asked, filled, error.problems), answers=frozenset(answers))
    wrong: dict[str, list[str]] = {}
    for one in error.mistakes:
        wrong.setdefault(one.field, []).append(asked.speaks.say_again(one.wrong))
    return replace(filled, wrong=wrong)


def _record(asked: Asked, asking: Asking, filled: Filled, proposal: Proposal) -> HttpResponse:
    try:
        records = record(asked.clinic.store, proposal, asked.clinic.sign(proposal.protocol_version))
    except StoreConflict as error:
        return _conflict(asked, asking, replace(filled, conflicts=_said(asked, filled, error.problems)))
    return HttpResponseRedirect(f"{asking.then()}?recorded={records[0].group}" if records else asking.then())


def _conflict(asked: Asked, asking: Asking, filled: Filled) -> HttpResponse:
    """Say what somebody else has recorded meanwhile; what was typed stays."""
    seen = filled.values["seen"]
    meanwhile = asking.since(int(seen) if seen.isascii() and seen.isdigit() else 0)
    return _show(asked, replace(filled, meanwhile=meanwhile, seen=filled.seen), status=409)


def _show(asked: Asked, filled: Filled, *, status: int = 200) -> HttpResponse:
    return asked.page("act.html", form=filled, Shape=Shape, status=status)


def _sent(asked: Asked, empty: Filled) -> dict[str, str]:
    """Return what was sent, field by field. Raises InvalidInput for a file that cannot be read."""
    post = asked.request.POST
    sent = {one.name: post.get(one.name, "") for one in empty.fields}
    sent |= {one.name: ",".join(post.getlist(one.name)) for one in empty.fields if one.shape is Shape.SOME}
    sent |= {name: post.get(name, "") for name in ("seen", "step", "previewed")}
    if pick := post.get("pick"):
        sent |= {"day": pick, "step": PICK}
    for one in empty.fields:
        if one.shape is Shape.FILE and (file := asked.request.FILES.get(f"{one.name}_file")):
            sent[one.name] = decode(file.read(LARGEST + 1), PLAN_FILE)
    return sent


def _said(asked: Asked, filled: Filled, problems: Iterable[Problem]) -> list[str]:
    """Return problems in the reader's language; the options of the command line are called as the form calls them."""
    labels = {one.place: asked.speaks.say(one.label) for one in filled.fields if one.place}
    return [say_on_page(one, asked.speaks, labels) for one in problems]
