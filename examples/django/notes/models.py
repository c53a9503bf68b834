from django.db import models


class Note(models.Model):
    author = models.EmailField()
    text = models.TextField()
    pinned = models.BooleanField(default=False)
