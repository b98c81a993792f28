"""The lifecycle of the process: its threads, its forks, its end. This package knows nothing of records.

`attach` connects delivery to the process. The rest is for code with its own threads or locks. If gevent has replaced
`threading`, its threads and locks can stop the app. A lock held at fork time stays locked in the child.
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
