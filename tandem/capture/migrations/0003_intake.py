from django.db import migrations, models

COUNT = """
    CREATE FUNCTION capture_count(counts json) RETURNS void LANGUAGE sql AS $$
        INSERT INTO capture_intake (hour, reason, count)
        SELECT date_trunc('hour', statement_timestamp(), 'UTC'), told.key, told.value::bigint
        FROM json_each_text(counts) told ORDER BY told.key
        ON CONFLICT (hour, reason) DO UPDATE SET count = capture_intake.count + excluded.count
    $$;
"""


class Migration(migrations.Migration):
    dependencies = [("capture", "0002_history_serves_any_number")]

    operations = [
        migrations.CreateModel(
            name="Intake",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "hour",
                        "reason",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("count", models.BigIntegerField()),
            ],
            options={"db_table": "capture_intake"},
        ),
        migrations.RunSQL(sql=[COUNT], reverse_sql=["DROP FUNCTION capture_count(json)"]),
    ]
