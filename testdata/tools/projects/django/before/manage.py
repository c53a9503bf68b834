import os
import sys
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import execute_from_command_line

at = urlsplit(os.environ["DATABASE_URL"])
settings.configure(
    INSTALLED_APPS=["shop"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": at.path[1:], "USER": at.username or "",
        "PASSWORD": at.password or "", "HOST": at.hostname or "", "PORT": at.port or "",
    }},
)
execute_from_command_line(sys.argv)
