"""Links to calendars: what is read from their records, and on which day each was last used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """No record of an older store tells of a link: the tables are empty."""

    dependencies = (("clinic", "0001_initial"),)
    operations = [
        migrations.CreateModel(
            name="Link",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("owner", models.TextField()),
                ("label", models.TextField()),
                ("lang", models.TextField()),
                ("created", models.DateTimeField()),
                ("expires", models.DateField(null=True)),
                ("ended", models.DateTimeField(null=True)),
                ("replaced", models.BooleanField()),
            ],
            options={"indexes": [models.Index(fields=["owner", "kind"], name="clinic_link_owner")]},
        ),
        migrations.CreateModel(
            name="LinkFetched",
            fields=[
                ("hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("day", models.DateField()),
            ],
        ),
    ]
