from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="idempotencykey",
            name="change_set",
            field=models.UUIDField(null=True),
        ),
    ]
