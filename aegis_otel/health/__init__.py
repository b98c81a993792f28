"""Is all well on this machine? Checks that look at one thing each, change nothing, and return findings.

`examine` runs them all. The command line and the page show what it returns; nothing here knows how. Some checks ask
over HTTP and need httpx (the `cli` extra).
"""

from aegis_otel.health._examine import examine
from aegis_otel.health._finding import Finding, Verdict, amount

__all__ = ["Finding", "Verdict", "amount", "examine"]
