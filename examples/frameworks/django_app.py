"""Orders with Django, in one file: opentelemetry-instrument python examples/frameworks/django_app.py runserver"""

import logging
import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

log = logging.getLogger("orders")


def order(request: HttpRequest, item: str) -> JsonResponse:
    log.info("order received", extra={"item": item})
    if item == "unobtainium":
        raise LookupError("no such item")
    return JsonResponse({"ordered": item})


urlpatterns = [path("orders/<item>", order)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1", "localhost"], SECRET_KEY=os.urandom(20).hex())
application = get_wsgi_application()

if __name__ == "__main__":
    port = os.environ.get("PORT", "8000")
    execute_from_command_line(sys.argv if sys.argv[1:] else [sys.argv[0], "runserver", "--noreload", port])
