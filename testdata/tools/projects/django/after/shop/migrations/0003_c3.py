from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("shop", "0002_c2")]
    operations = [AddIndexConcurrently("orders", models.Index(fields=["c2"], name="orders_c3"))]
