from django.db import migrations

# Asked for an entry at a time. A function: written out, the look into each part of the table would
# be planned for each part that the entry may stand in.
TOLD_OF = """
    CREATE FUNCTION timeline_told_of(event uuid, moment timestamptz, kinds text[])
    RETURNS TABLE (kind text, id bigint) LANGUAGE plpgsql STABLE AS $$ BEGIN
        RETURN QUERY SELECT e.subject_kind::text, e.subject_id FROM timeline_entry e
            WHERE e.at = moment AND e.event_id = event AND e.subject_kind = ANY (kinds);
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("timeline", "0003_one_index_by_time")]

    operations = [
        migrations.RunSQL(
            sql=[TOLD_OF],
            reverse_sql=["DROP FUNCTION timeline_told_of(uuid, timestamptz, text[])"],
        ),
    ]
