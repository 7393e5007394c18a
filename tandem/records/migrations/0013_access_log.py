"""Who saw, fetched and took out what: a table to which rows are only added."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Erasing somebody and the end of the time for which the log is kept take rows away, nothing else;
# each says so in its transaction.
APPEND_ONLY = """
    CREATE FUNCTION records_access_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF coalesce(current_setting('tandem.erasing', true), '') <> 'on' AND NOT (
            TG_OP = 'DELETE' AND coalesce(current_setting('tandem.forgetting', true), '') = 'on'
        ) THEN
            RAISE EXCEPTION 'The log of accesses is never changed.'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$;
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON records_access
        FOR EACH ROW EXECUTE FUNCTION records_access_append_only();
"""
NO_MORE = """
    DROP TRIGGER append_only ON records_access;
    DROP FUNCTION records_access_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("records", "0012_import_signature"),
    ]

    operations = [
        migrations.CreateModel(
            name="Access",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("actor_label", models.CharField(max_length=200)),
                ("source", models.CharField(max_length=12)),
                (
                    "deed",
                    models.CharField(
                        choices=[
                            ("seen", "Opened"),
                            ("searched", "Searched"),
                            ("file", "Fetched a file"),
                            ("exported", "Exported"),
                            ("fetched", "Fetched an export"),
                            ("reporting", "Reporting role"),
                        ],
                        max_length=9,
                    ),
                ),
                ("kind", models.CharField(blank=True, max_length=30)),
                ("record_id", models.BigIntegerField(null=True)),
                ("about", models.CharField(blank=True, max_length=400)),
                ("count", models.PositiveBigIntegerField(null=True)),
                ("once", models.BigIntegerField(unique=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["kind", "record_id", "-id"], name="access_by_record"),
                    models.Index(fields=["user", "-id"], name="access_by_user"),
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, NO_MORE),
    ]
