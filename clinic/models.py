"""The tables: the records, and what is read from them. No field of any could hold a cohort."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models

_MINUTES = "%Y-%m-%dT%H:%M"


class LocalTimeField(models.CharField):
    """A local wall time to the minute, without a zone: the same text in every engine, sorted as time is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"max_length": 16})

    def from_db_value(self, value: str | None, *_: object) -> datetime | None:
        """Return the time that a column holds."""
        return None if value is None else datetime.fromisoformat(value)

    def to_python(self, value: datetime | str | None) -> datetime | None:
        """Return the time that somebody set."""
        return datetime.fromisoformat(value) if isinstance(value, str) else value

    def get_prep_value(self, value: datetime | str | None) -> str | None:
        """Return the text to keep or to compare with."""
        return f"{value:{_MINUTES}}" if isinstance(value, datetime) else value


class StoredRecord(models.Model):
    """One record of the chain, as ``clinic.memory.chain.COLUMNS`` has it; triggers refuse any change."""

    seq = models.IntegerField(primary_key=True)
    group = models.BigIntegerField()
    subject = models.TextField()
    number = models.BigIntegerField()
    kind = models.TextField()
    version = models.IntegerField()
    body = models.TextField()
    reason = models.TextField()
    at = models.CharField(max_length=27)
    """UTC with microseconds, ``2026-03-02T14:05:06.000000Z``: sorted as time is."""
    actor = models.TextField()
    role = models.TextField()
    account = models.TextField()
    protocol_version = models.TextField()
    tzdata_version = models.TextField()
    program = models.TextField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        """The place of each record within its subject is one of a kind."""

        db_table = "clinic_record"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["subject", "number"], name="clinic_record_of_subject"),
        ]


class Participant(models.Model):
    """How a participant stands after all records."""

    code = models.TextField(primary_key=True)
    site = models.TextField()
    status = models.TextField()
    lang = models.TextField()
    steroids = models.BooleanField(null=True)
    randomized = models.DateField()
    day0 = models.DateField(null=True)
    protocol_version = models.TextField()
    records = models.IntegerField()
    to_tell = models.IntegerField()

    class Meta:
        """Lists are of a site."""

        indexes: ClassVar = [models.Index(fields=["site", "status"], name="clinic_participant_site")]


class Visit(models.Model):
    """How a visit stands after all records; its site is the participant's."""

    pk = models.CompositePrimaryKey("participant_id", "code")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, db_index=False)
    code = models.TextField()
    site = models.TextField()
    kind = models.TextField()
    status = models.TextField()
    name_en = models.TextField()
    name_es = models.TextField()
    target = models.DateField()
    earliest = models.DateField()
    latest = models.DateField()
    planned = models.DateField(null=True)
    start = LocalTimeField(null=True)
    end = LocalTimeField(null=True)
    time_zone = models.TextField(null=True)
    actual = models.DateField(null=True)
    given = models.TextField(null=True)
    sequence = models.IntegerField()
    deviation = models.TextField(null=True)
    to_rebook = models.BooleanField()
    to_tell = models.TextField()
    overdue_from = models.DateField(null=True)
    closed = models.BooleanField()
    passed = models.BooleanField()
    attempts = models.IntegerField()
    reason = models.TextField()
    changed = models.DateTimeField(null=True)
    deviation_day = models.DateField(null=True)
    deviation_earliest = models.DateField(null=True)
    deviation_latest = models.DateField(null=True)
    too_close_to = models.TextField(null=True)
    days_apart = models.IntegerField(null=True)

    class Meta:
        """An agenda asks for a site's days, what is due for its windows, the rest for what is open at a site."""

        indexes: ClassVar = [
            models.Index(fields=["site", "planned"], name="clinic_visit_planned"),
            models.Index(fields=["site", "closed", "latest"], name="clinic_visit_open"),
            models.Index(fields=["site", "closed", "overdue_from"], name="clinic_visit_overdue"),
            models.Index(
                fields=["site", "deviation_day"],
                name="clinic_visit_deviation",
                condition=models.Q(deviation__isnull=False),
            ),
        ]


class Link(models.Model):
    """A secret link to a calendar, of which only the hash is kept; see ``clinic.memory.records.LinkRow``."""

    hash = models.CharField(max_length=64, primary_key=True)
    kind = models.TextField()
    owner = models.TextField()
    label = models.TextField()
    lang = models.TextField()
    created = models.DateTimeField()
    expires = models.DateField(null=True)
    ended = models.DateTimeField(null=True)
    replaced = models.BooleanField()

    class Meta:
        """A link is looked up by its hash, and listed with the others of its owner."""

        indexes: ClassVar = [models.Index(fields=["owner", "kind"], name="clinic_link_owner")]


class LinkFetched(models.Model):
    """The last day on which a calendar was asked for by a link: no record tells it, and no replay gives it back."""

    hash = models.CharField(max_length=64, primary_key=True)
    day = models.DateField()
