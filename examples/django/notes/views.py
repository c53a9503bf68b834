from django.http import HttpResponse
from django.utils.html import escape

from .models import Note


def index(request):
    items = "".join(f"<li>{escape(note.text)}</li>" for note in Note.objects.order_by("-pinned", "id")[:100])
    return HttpResponse(f"<h1>Notes</h1><ul>{items}</ul>")
