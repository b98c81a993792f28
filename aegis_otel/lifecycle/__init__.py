"""The lifecycle of the process: its threads, its forks, its end. Knows nothing of records.

`attach` ties delivery to the process. The rest is for whoever has a thread or a lock: those of `threading` stop the app
where gevent has replaced them, and a lock that is held at a fork stays locked in the child.
"""

from aegis_otel.lifecycle._forks import Forkable, importing, leave_to_parent, register
from aegis_otel.lifecycle._lifecycle import Delivery, attach
from aegis_otel.lifecycle._threads import OWN_THREADS, Wake, condition, lock, thread

__all__ = [
    "OWN_THREADS",
    "Delivery",
    "Forkable",
    "Wake",
    "attach",
    "condition",
    "importing",
    "leave_to_parent",
    "lock",
    "register",
    "thread",
]
