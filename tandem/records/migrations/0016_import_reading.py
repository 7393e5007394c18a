from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0015_views_that_open"),
    ]

    operations = [
        migrations.AddField(
            model_name="importrun",
            name="reading",
            field=models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict),
        ),
    ]
