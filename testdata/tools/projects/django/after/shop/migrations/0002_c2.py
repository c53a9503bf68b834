from django.db import migrations, models
from django.utils import timezone


def fill(apps, editor):
    apps.get_model("shop", "Orders").objects.exclude(note="c2").update(c2=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_orders")]
    operations = [
        migrations.AddField("orders", "c2", models.DateTimeField(null=True)),
        migrations.RunPython(fill),
    ]
