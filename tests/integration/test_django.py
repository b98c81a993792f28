"""A Django app runs the same with its instrumentation installed, wherever its settings are named."""

from __future__ import annotations

import pytest

from tests.support.apps import WAYS, clean_environment, command
from tests.support.processes import StartedProcess, free_port, wait_for

SETTINGS = """
SECRET_KEY = "x"
DEBUG = False
ALLOWED_HOSTS = ["shop.example"]
ROOT_URLCONF = "shop.urls"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
USE_TZ = True
"""
URLS = """
import logging
from django.http import HttpResponse
from django.urls import path
def order(request, number):
    logging.getLogger("shop").info("order %d", number)
    return HttpResponse("order %d" % number)
urlpatterns = [path("orders/<int:number>", order)]
"""
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
WSGI = """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
"""
SERVERS = {
    "manage.py": ["site/manage.py", "runserver", "--noreload", "127.0.0.1:{port}"],
    "gunicorn": ["-m", "gunicorn", "--chdir", "site", "-b", "127.0.0.1:{port}", "shop.wsgi"],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("exported", [{}, {"DJANGO_SETTINGS_MODULE": "shop.settings"}], ids=["own", "exported"])
def test_a_django_app_runs_and_its_requests_are_recorded(tmp_path, way, server, exported):
    import httpx

    project = tmp_path / "site" / "shop"
    project.mkdir(parents=True)
    (project / "__init__.py").write_text("")
    (project / "settings.py").write_text(SETTINGS)
    (project / "urls.py").write_text(URLS)
    (project / "wsgi.py").write_text(WSGI)
    (project.parent / "manage.py").write_text(MANAGE)
    port = free_port()
    argv, more = command(way, *(part.format(port=port) for part in SERVERS[server]))
    env = clean_environment(OTEL_LOGS_EXPORTER="none", LOG_CONSOLE_ENABLED="false", **more, **exported)
    with StartedProcess(argv, log=tmp_path / "out", env=env, cwd=tmp_path) as process:
        process.wait_until_listening(port)
        headers = {"host": "shop.example", "x-correlation-id": "id-7"}
        answer = httpx.get(f"http://127.0.0.1:{port}/orders/7", headers=headers, timeout=60)
        assert (answer.status_code, answer.text) == (200, "order 7"), process.output()
        refused = httpx.get(f"http://127.0.0.1:{port}/orders/7", headers={"host": "other.example"}, timeout=60)
        assert refused.status_code == 400
        log = tmp_path / "logs" / "app.log"
        log = log if log.exists() else tmp_path / "site" / "logs" / "app.log"
        wait_for(lambda: "HTTP Request Completed" in log.read_text(), what="the request's record")
        assert "id-7" in log.read_text()
        assert "not instrumented" not in process.output()
