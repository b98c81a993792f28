"""The life of the process: what is delivered when it ends, and what happens to delivery when it forks.

Whatever way it ends, short of a SIGKILL, `os._exit` or a crash of the interpreter, records are delivered for at most
the shutdown timeout; what is left then stays in the spool.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType
from typing import Any

import wrapt

from aegis_otel import _threads
from aegis_otel.deliver.dispatcher import Dispatcher


def attach(dispatcher: Dispatcher, timeout: float) -> None:
    """Tie delivery to this process and to those it forks.

    Args:
        dispatcher: is closed when the process ends.
        timeout: seconds that the end waits for delivery at most.
    """
    os.register_at_fork(
        before=dispatcher.before_fork,
        after_in_parent=dispatcher.after_fork_in_parent,
        after_in_child=dispatcher.after_fork_in_child,
    )
    end = _End(dispatcher, timeout)
    atexit.register(end)

    def hook_children(util: Any) -> None:
        # Children of multiprocessing leave without running what `atexit` holds; they run its finalizers.
        util.register_after_fork(dispatcher, lambda _: util.Finalize(dispatcher, end, exitpriority=-1000))

    for module in ("multiprocessing.util", "billiard.util"):
        wrapt.register_post_import_hook(hook_children, module)
    wrapt.register_post_import_hook(lambda module: _hook_uvicorn(module, end), "uvicorn.server")
    wrapt.register_post_import_hook(lambda module: _hook_celery(module, end), "celery.signals")
    wrapt.register_post_import_hook(lambda module: _hook_gevent(module, dispatcher), "gevent.monkey")
    end.handle_sigterm()


class _End:
    """Delivers what is left, once, and is not cut short by a second signal."""

    def __init__(self, dispatcher: Dispatcher, timeout: float) -> None:
        self._dispatcher = dispatcher
        self._timeout = timeout
        self._under_way: int | None = None
        self._signal: int | None = None

    def __call__(self) -> None:
        if self._under_way == os.getpid():
            return
        self._under_way = os.getpid()
        self._dispatcher.close(self._timeout)
        self._under_way = None
        if self._signal is not None:
            _die(self._signal)

    def handle_sigterm(self) -> None:
        """Deliver before a SIGTERM ends the process, unless the app has a handler of its own."""
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """What Python does by default, ending at once, but for what `atexit` would have run of ours."""
        if self._under_way == os.getpid():
            # This interrupts the end itself, which is bounded: the signal has its effect after it.
            self._signal = number
            return
        self()
        _die(number)


def _die(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _hook_gevent(module: Any, dispatcher: Dispatcher) -> None:
    """Keep our threads out of what `gevent.monkey`, just imported, is about to replace."""
    _threads.keep_native()
    with _without_threads(dispatcher) as forks:
        dispatcher.keep_native()
        if forks is not None:
            forks.keep_native()
    patch = module.patch_all

    @wraps(patch)
    def patch_all(*arguments: Any, **options: Any) -> Any:
        # It also changes who a thread is, and an import that a thread of ours is in would wait for itself.
        with _without_threads(dispatcher):
            return patch(*arguments, **options)

    module.patch_all = patch_all


@contextlib.contextmanager
def _without_threads(dispatcher: Dispatcher) -> Iterator[Any]:
    """As for a fork: no thread of ours is there. Gives `aegis_otel.deliver.forks`, where that is in use."""
    forks = sys.modules.get("aegis_otel.deliver.forks")
    dispatcher.before_fork()
    if forks is not None:
        forks.before()
    try:
        yield forks
    finally:
        if forks is not None:
            forks.after_in_parent()
        dispatcher.after_fork_in_parent()


def _hook_celery(signals: Any, end: _End) -> None:
    """Deliver before a process of Celery's pool ends, which it does without running what `atexit` holds."""

    def on_start(**_: Any) -> None:
        # The pool has just set the signals back to the system's default.
        end.handle_sigterm()

    def on_end(**_: Any) -> None:
        end()

    signals.worker_process_init.connect(on_start, weak=False)
    signals.worker_process_shutdown.connect(on_end, weak=False)


def _hook_uvicorn(module: Any, end: Callable[[], None]) -> None:
    """Deliver before uvicorn repeats the signal that stopped it, where that ends the process at once.

    So it is in gunicorn's workers with uvicorn: they set the signals back to the system's default.
    """
    capture = module.Server.capture_signals

    @wraps(capture)
    @contextlib.contextmanager
    def capture_and_end(self: Any) -> Iterator[None]:
        deadly = {number for number in module.HANDLED_SIGNALS if signal.getsignal(number) is signal.SIG_DFL}
        with capture(self):
            yield
            if deadly.intersection(getattr(self, "_captured_signals", ())):
                end()

    module.Server.capture_signals = capture_and_end
