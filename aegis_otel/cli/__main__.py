"""`python -m aegis_otel.cli`: the same as the `aegis-otel` script."""

from aegis_otel.cli import main

main()
