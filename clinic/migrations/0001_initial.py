"""The records with the triggers that keep them, and what is read from them."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from clinic.memory.chain import START
from clinic.models import LocalTimeField

SQLITE = (
    """
    CREATE TRIGGER clinic_record_unchanged BEFORE UPDATE ON clinic_record
    BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END
    """,
    """
    CREATE TRIGGER clinic_record_undeleted BEFORE DELETE ON clinic_record
    BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END
    """,
    f"""
    CREATE TRIGGER clinic_record_continued BEFORE INSERT ON clinic_record
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM clinic_record)
      OR NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM clinic_record WHERE subject = NEW.subject)
      OR NEW.previous IS NOT coalesce((SELECT hash FROM clinic_record WHERE seq = NEW.seq - 1), '{START}')
    BEGIN SELECT RAISE(ABORT, 'a record must continue the chain'); END
    """,  # noqa: S608 - a constant of our own
)
POSTGRESQL = (
    """
    CREATE FUNCTION clinic_record_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a record is never changed or deleted' USING ERRCODE = 'restrict_violation'; END $$
    """,
    f"""
    CREATE FUNCTION clinic_record_continues() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM clinic_record)
        OR NEW.number IS DISTINCT FROM
          (SELECT coalesce(max(number), 0) + 1 FROM clinic_record WHERE subject = NEW.subject)
        OR NEW.previous IS DISTINCT FROM
          coalesce((SELECT hash FROM clinic_record WHERE seq = NEW.seq - 1), '{START}')
      THEN RAISE EXCEPTION 'a record must continue the chain' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$
    """,  # noqa: S608 - a constant of our own
    """
    CREATE TRIGGER clinic_record_unchanged BEFORE UPDATE OR DELETE ON clinic_record
    FOR EACH ROW EXECUTE FUNCTION clinic_record_kept()
    """,
    """
    CREATE TRIGGER clinic_record_undeleted BEFORE TRUNCATE ON clinic_record
    FOR EACH STATEMENT EXECUTE FUNCTION clinic_record_kept()
    """,
    """
    CREATE TRIGGER clinic_record_continued BEFORE INSERT ON clinic_record
    FOR EACH ROW EXECUTE FUNCTION clinic_record_continues()
    """,
)


def make_triggers(_: object, schema_editor: Any) -> None:
    """Let the database itself refuse what would break the chain."""
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    """From nothing."""

    initial = True
    dependencies = ()
    operations = [
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("code", models.TextField(primary_key=True, serialize=False)),
                ("site", models.TextField()),
                ("status", models.TextField()),
                ("lang", models.TextField()),
                ("steroids", models.BooleanField(null=True)),
                ("randomized", models.DateField()),
                ("day0", models.DateField(null=True)),
                ("protocol_version", models.TextField()),
                ("records", models.IntegerField()),
                ("to_tell", models.IntegerField()),
            ],
            options={"indexes": [models.Index(fields=["site", "status"], name="clinic_participant_site")]},
        ),
        migrations.CreateModel(
            name="StoredRecord",
            fields=[
                ("seq", models.IntegerField(primary_key=True, serialize=False)),
                ("group", models.BigIntegerField()),
                ("subject", models.TextField()),
                ("number", models.BigIntegerField()),
                ("kind", models.TextField()),
                ("version", models.IntegerField()),
                ("body", models.TextField()),
                ("reason", models.TextField()),
                ("at", models.CharField(max_length=27)),
                ("actor", models.TextField()),
                ("role", models.TextField()),
                ("account", models.TextField()),
                ("protocol_version", models.TextField()),
                ("tzdata_version", models.TextField()),
                ("program", models.TextField()),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "clinic_record",
                "constraints": [models.UniqueConstraint(fields=("subject", "number"), name="clinic_record_of_subject")],
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "participant_id", "code", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField()),
                ("site", models.TextField()),
                ("kind", models.TextField()),
                ("status", models.TextField()),
                ("name_en", models.TextField()),
                ("name_es", models.TextField()),
                ("target", models.DateField()),
                ("earliest", models.DateField()),
                ("latest", models.DateField()),
                ("planned", models.DateField(null=True)),
                ("start", LocalTimeField(max_length=16, null=True)),
                ("end", LocalTimeField(max_length=16, null=True)),
                ("time_zone", models.TextField(null=True)),
                ("actual", models.DateField(null=True)),
                ("given", models.TextField(null=True)),
                ("sequence", models.IntegerField()),
                ("deviation", models.TextField(null=True)),
                ("to_rebook", models.BooleanField()),
                ("to_tell", models.TextField()),
                ("overdue_from", models.DateField(null=True)),
                ("closed", models.BooleanField()),
                ("passed", models.BooleanField()),
                ("attempts", models.IntegerField()),
                ("reason", models.TextField()),
                ("changed", models.DateTimeField(null=True)),
                ("deviation_day", models.DateField(null=True)),
                ("deviation_earliest", models.DateField(null=True)),
                ("deviation_latest", models.DateField(null=True)),
                ("too_close_to", models.TextField(null=True)),
                ("days_apart", models.IntegerField(null=True)),
                (
                    "participant",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="clinic.participant"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["site", "planned"], name="clinic_visit_planned"),
                    models.Index(fields=["site", "closed", "latest"], name="clinic_visit_open"),
                    models.Index(fields=["site", "closed", "overdue_from"], name="clinic_visit_overdue"),
                    models.Index(
                        fields=["site", "deviation_day"],
                        name="clinic_visit_deviation",
                        condition=models.Q(("deviation__isnull", False)),
                    ),
                ],
            },
        ),
        migrations.RunPython(make_triggers, elidable=False),
    ]
