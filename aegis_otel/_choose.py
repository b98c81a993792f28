"""Makes `opentelemetry-instrument` choose this distribution where another is installed beside it.

That command imports every module registered as ``opentelemetry_environment_variables`` before it starts the
app. OpenTelemetry takes the first distribution that it happens to find, in no certain order, unless these
two variables name one; a name that the user has set stays.
"""

import os

NAME = "aegis"


def choose() -> None:
    """Name this distribution, unless the user has named one."""
    os.environ.setdefault("OTEL_PYTHON_DISTRO", NAME)
    os.environ.setdefault("OTEL_PYTHON_CONFIGURATOR", NAME)


choose()
