"""The trial as a protocol prescribes it.

The keys of a protocol file are the fields of these types, and the sentence under each field is what
``docs/protocol-file.md`` prints.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import ClassVar, NewType

from schedule.study.offsets import Offset

VisitCode = NewType("VisitCode", str)
Label = NewType("Label", str)
"""A text that may not be empty."""

WallTime = NewType("WallTime", datetime)
"""A local date and time without a zone."""

RANDOMIZATION = VisitCode("randomization")
"""The anchor that is no visit: the day the participant was randomized."""


class Kind(Enum):
    """How a contact happens; a milestone is a date that is no contact."""

    INFUSION = "infusion"
    CLINIC = "clinic"
    VIRTUAL = "virtual"
    MILESTONE = "milestone"


IN_PERSON = frozenset({Kind.INFUSION, Kind.CLINIC})


class Basis(Enum):
    """Where a figure comes from: the public registry record, or an assumption that a site must confirm."""

    REGISTERED = "registered"
    ASSUMED = "assumed"


class Masking(Enum):
    """Whether anyone is kept from knowing a participant's cohort."""

    MASKED = "masked"
    OPEN = "open"


class Condition(Enum):
    """Whom a milestone concerns."""

    EVERYONE = "everyone"
    STEROIDS = "steroids"


class LookbackStart(Enum):
    """The day a look-back counts back from."""

    SCREENING = "screening"
    RANDOMIZATION = "randomization"


class LookbackRule(Enum):
    """What must hold between the earliest allowed day and the day a look-back counts from."""

    DONE_WITHIN = "done_within"
    STABLE_FOR = "stable_for"
    NONE_WITHIN = "none_within"
    IF_WITHIN = "if_within"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same words in both languages."""

    en: str
    """English."""
    es: str
    """Spanish, as it is read in the United States."""

    def in_language(self, language: str) -> str:
        """Return the words in ``en`` or ``es``."""
        return self.es if language == "es" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days on which a visit is on time, counted from its target; both ends are allowed days."""

    before: int
    """Days before the target that are still on time."""
    after: int
    """Days after the target that are still on time."""
    outwards: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """Its days, counted from the target: the nearest first, and of two the earlier."""
    _reach: tuple[timedelta, timedelta] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reach", (timedelta(days=self.before), timedelta(days=self.after)))
        outwards = sorted(range(-self.before, self.after + 1), key=lambda off: (abs(off), off))
        object.__setattr__(self, "outwards", tuple(outwards))

    def around(self, target: date) -> tuple[date, date]:
        """Return the earliest and the latest allowed day."""
        before, after = self._reach
        return target - before, target + after


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A contact with the participant that the protocol plans."""

    named_by: ClassVar[str] = "code"

    code: VisitCode
    """The visit code, written as the name of its table: the nominal month, as in `[visits.M3]`."""
    name: Text
    """What people call the visit."""
    kind: Kind
    """How it happens: `infusion`, `clinic` or `virtual`."""
    anchor: VisitCode
    """The visit whose day it counts from, or `randomization`."""
    anchor_basis: Basis
    """`registered` or `assumed`."""
    offset: Offset
    """How long after its anchor, in one step: `P3M`, `P2W`, `P14D`."""
    offset_basis: Basis
    """`registered` or `assumed`."""
    window: Window
    """The days on which it is on time, around its target."""
    window_basis: Basis
    """`registered` or `assumed`."""
    length: timedelta
    """How long it takes, for the participant: `PT2H30M`."""
    length_basis: Basis
    """`registered` or `assumed`."""
    procedures: tuple[str, ...]
    """What happens, in order: names of `[procedures]` tables."""
    procedures_basis: Basis
    """`registered` or `assumed`: whether these procedures at this visit are on record."""
    preparation: tuple[str, ...]
    """What the participant does before: names of `[preparations]` tables."""


NO_WINDOW = Window(before=0, after=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaperStep:
    """What is taken a day from one day of the taper on, until the next step."""

    starts: Offset
    """How long after the taper's first day, in weeks or days: `P0D` for the first step."""
    dose_mg: Decimal
    """Milligrams a day, with at most 2 decimals."""
    instruction: Text
    """What participants read beside the dose."""
    allow_increase: bool = False
    """Whether this dose may be higher than the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A date that matters and is no visit: nobody comes, and no clinic need be open."""

    named_by: ClassVar[str] = "code"

    code: VisitCode
    """The code, written as the name of its table: `[milestones.TAPER]`."""
    name: Text
    """What people call it."""
    anchor: VisitCode
    """The visit whose day it counts from."""
    anchor_basis: Basis
    """`registered` or `assumed`."""
    offset: Offset
    """How long after its anchor, in one step."""
    offset_basis: Basis
    """`registered` or `assumed`."""
    window_basis: Basis
    """`registered` or `assumed`: whether it is on record that the date has no window."""
    condition: Condition = Condition.EVERYONE
    """Whom it concerns: `everyone`, or `steroids` for those who take them."""
    task: Text
    """What the coordinator does on that day, for the coordinator's calendar."""
    until_then: Text | None = None
    """What participants read on the log of their doses before the date is known."""
    highest_start_mg: Decimal | None = None
    """Milligrams a day above which a taper that starts on that day is warned about."""
    highest_start_basis: Basis | None = None
    """`registered` or `assumed`; it goes with `highest_start_mg`."""
    steps: tuple[TaperStep, ...] = ()
    """What is taken from that day on, for `steroids` only: tables `[[milestones.TAPER.steps]]`, in their order."""

    kind: ClassVar[Kind] = Kind.MILESTONE
    window: ClassVar[Window] = NO_WINDOW
    length: ClassVar[timedelta] = timedelta(0)
    length_basis: ClassVar[Basis] = Basis.REGISTERED
    procedures: ClassVar[tuple[str, ...]] = ()
    procedures_basis: ClassVar[Basis] = Basis.REGISTERED
    preparation: ClassVar[tuple[str, ...]] = ()


Step = Visit | Milestone
"""Anything that gets a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """Something done at a visit."""

    named_by: ClassVar[str] = "id"

    id: str
    """Its name in `procedures` lists, written as the name of its table."""
    name: Text
    """What it is called on papers."""
    basis: Basis
    """`registered` or `assumed`: whether the record names it at all."""
    assessor: bool = False
    """Whether a masked assessor does it, who may know nothing of the infusions: it gets a worksheet of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Something a participant does before a visit."""

    named_by: ClassVar[str] = "id"

    id: str
    """Its name in `preparation` lists, written as the name of its table."""
    text: Text
    """The sentence that participants read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """The least distance between two neighbouring visits of one kind."""

    kind: Kind
    """The kind of visit that is kept apart."""
    at_least: int
    """Days from one to the next."""
    basis: Basis
    """`registered` or `assumed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What an infusion may contain. All but `strength` and `handling` can be seen by masked people."""

    named_by: ClassVar[str] = "id"

    id: str
    """Its name in `[cohorts]`, written as the name of its table."""
    name: Text
    """What the pharmacy calls it."""
    strength: Text
    """How much of what, for the pharmacy's sheet."""
    bag_ml: int
    """Volume of the saline bag, mL."""
    total_ml: int
    """Volume infused in all, mL."""
    appearance: str
    """A word for its look: products with the same word look alike."""
    handling: tuple[Text, ...]
    """The steps that make it ready, in order, for the pharmacy's sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """One sequence of products. That it exists is public; who is in it is not."""

    named_by: ClassVar[str] = "id"

    id: str
    """Its name, written as the name of its table: `[cohorts.1]`."""
    name: Text
    """What the protocol calls it."""
    products: dict[VisitCode, str]
    """The product of each infusion: `products = { D0 = "ULSC" }`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookback:
    """A rule on what came before screening or randomization."""

    named_by: ClassVar[str] = "id"

    id: str
    """Its name, written as the name of its table."""
    name: Text
    """The test, medicine or event that it is about."""
    rule: LookbackRule
    """`done_within`, `stable_for`, `none_within`, or `if_within` (then something more is due)."""
    before: LookbackStart
    """`screening` or `randomization`."""
    before_basis: Basis
    """`registered` or `assumed`: whether the record says that it counts from that day."""
    within: Offset | None = None
    """How far back it reaches; left out where it depends on the medicine's half-life."""
    half_lives: int | None = None
    """How many half-lives it reaches back, where that is the rule."""
    due: Text | None = None
    """What is due, for `if_within`."""
    basis: Basis
    """`registered` or `assumed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """Facts that the visits must add up to; a file that does not meet them is refused."""

    in_person: int
    """Visits of kind infusion or clinic."""
    virtual: int
    """Visits of kind virtual."""
    infusions: int
    """Visits of kind infusion."""
    participation: Offset
    """From Day 0 to the last visit's target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What the trial is called and who registered it."""

    id: Label
    """The sponsor's study number."""
    registry_id: Label
    """The registry's number."""
    title: Text
    """A short title for staff."""
    version: Label
    """The version of this protocol file, printed on every page."""
    source: Label
    """Where its registered facts come from."""
    masking: Masking
    """`masked`, or `open` where everybody may know the cohort."""
    completion: date | None = None
    """The registered completion date: a later last visit is warned about."""
    day0: VisitCode
    """The visit whose day is Day 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What participants read that is true of this trial only. What is left out is not printed."""

    wallet: Text | None = None
    """On the wallet card: what any doctor should know."""
    at_the_clinic: Text | None = None
    """On the page of each visit in person."""


NO_WORDS = Words()


@dataclass(frozen=True, slots=True, kw_only=True)
class Precaution:
    """Something that participants keep to for some time after their last visit."""

    named_by: ClassVar[str] = "id"

    id: str
    """Its name, written as the name of its table."""
    title: Text
    """The heading that participants read."""
    text: Text
    """What they keep to."""
    lasts: Offset
    """How long after the last visit."""
    basis: Basis
    """`registered` or `assumed`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A whole protocol file. Visits and milestones stand in the order of the file."""

    study: Study
    """What the trial is called."""
    expect: Expect
    """Facts to hold."""
    visits: tuple[Visit, ...]
    """The contacts."""
    milestones: tuple[Milestone, ...] = ()
    """Dates that are no contacts."""
    procedures: tuple[Procedure, ...]
    """What can happen at a visit."""
    preparations: tuple[Preparation, ...] = ()
    """What a participant can be asked to do before a visit."""
    spacing: tuple[Spacing, ...] = ()
    """Least distances."""
    products: tuple[Product, ...] = ()
    """What infusions may contain."""
    cohorts: tuple[Cohort, ...] = ()
    """Sequences of products."""
    lookbacks: tuple[Lookback, ...] = ()
    """Rules on what came before."""
    words: Words = NO_WORDS
    """What participants read that is true of this trial only."""
    precautions: tuple[Precaution, ...] = ()
    """What participants keep to for some time after their last visit."""
    notes: tuple[Text, ...] = ()
    """Where sources disagree and which one is followed."""
    in_anchor_order: tuple[Step, ...] = field(init=False, repr=False, compare=False)
    in_order_off_steroids: tuple[Step, ...] = field(init=False, repr=False, compare=False)
    taper: Milestone | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = _anchors_first(self.visits + self.milestones)
        unconditional = tuple(step for step in ordered if not concerns_steroids(step))
        object.__setattr__(self, "in_anchor_order", ordered)
        object.__setattr__(self, "in_order_off_steroids", unconditional)
        tapers = [one for one in self.milestones if concerns_steroids(one)]
        with_steps = [one for one in tapers if one.steps]
        object.__setattr__(self, "taper", next(iter(with_steps or tapers), None))

    @property
    def asks_about_steroids(self) -> bool:
        """Whether dates depend on the participant's taking steroids."""
        return len(self.in_anchor_order) != len(self.in_order_off_steroids)


def concerns_steroids(step: Step) -> bool:
    """Tell whether the step is only for participants on steroids."""
    return isinstance(step, Milestone) and step.condition is Condition.STEROIDS


_SOME_DAY = date(2001, 1, 1)
_LAST_DAY = date(2101, 1, 1)
LONGEST_YEARS = 100
"""No visit may be later than this after randomization."""


def _anchors_first(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Order steps by nominal time, each after its anchor.

    Those in a circle, without an anchor, or more than a hundred years away are left out: the checks tell of them.
    """
    nominal = {RANDOMIZATION: (_SOME_DAY, 0)}
    waiting = list(steps)
    ordered: list[Step] = []
    while ready := [step for step in waiting if step.anchor in nominal]:
        for step in ready:
            day, depth = nominal[step.anchor]
            if (after := step.offset.after(day)) <= _LAST_DAY:
                nominal[step.code] = (after, depth + 1)
                ordered.append(step)
        waiting = [step for step in waiting if step not in ready]
    return tuple(sorted(ordered, key=lambda step: nominal[step.code]))
