"""Find the events that came in last: who follows them asks every second."""

import django.contrib.postgres.indexes
from django.db import migrations

# The table is in parts, which no concurrent index can be made of; it holds the events of some
# minutes, and a few bytes of index for each of its pages are made in an instant.
MAKE = """
    -- squawk-ignore require-concurrent-index-creation
    CREATE INDEX event_by_receipt ON lake_event USING brin (received_at) WITH (pages_per_range = 16)
"""


class Migration(migrations.Migration):
    dependencies = [("lake", "0005_agents")]

    operations = [
        migrations.RunSQL(
            sql=MAKE,
            reverse_sql="DROP INDEX event_by_receipt",
            state_operations=[
                migrations.AddIndex(
                    model_name="event",
                    index=django.contrib.postgres.indexes.BrinIndex(
                        fields=["received_at"], name="event_by_receipt", pages_per_range=16
                    ),
                ),
            ],
        ),
    ]
