"""Delivery at the end of the process, at forks and under gevent.

At every end of the process (except SIGKILL and a crash of the interpreter), delivery sends records until the
shutdown timeout. The remaining records stay in the spool. `os._exit` and `os.exec…` send nothing: they only wait
until the spool has the records, `HAND_OVER` at most.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from types import FrameType
from typing import Any, Final, Protocol

import wrapt

from aegis_otel.lifecycle import _forks, _threads

HAND_OVER: Final = 1.0
"""Seconds that `os._exit` waits for the outputs at most."""


class Delivery(Protocol):
    """The object that `attach` connects to the process: the queue, and through it all outputs."""

    def before_fork(self) -> None:
        """In the parent: end the thread and finish the current write."""

    def after_fork_in_parent(self) -> None:
        """In the parent: continue."""

    def after_fork_in_child(self) -> None:
        """In the child: start empty."""

    def keep_native(self) -> None:
        """While the thread is ended: use the operating system's locks, not gevent's."""

    def drain(self, timeout: float) -> bool:
        """Have what was logged written to the outputs, for `timeout` seconds at most; nothing is sent or ended."""

    def close(self, timeout: float) -> None:
        """Deliver the remaining records, for `timeout` seconds at most."""


def attach(delivery: Delivery, timeout: float) -> None:
    """Connect delivery to this process and to its forked children.

    Args:
        delivery: is closed when the process ends.
        timeout: maximum seconds that the end of the process waits for delivery.
    """
    os.register_at_fork(
        before=delivery.before_fork,
        after_in_parent=delivery.after_fork_in_parent,
        after_in_child=delivery.after_fork_in_child,
    )
    _hook_abrupt_ends(delivery)
    end = _End(delivery, timeout)
    atexit.register(end)

    def hook_children(util: Any) -> None:
        # Children of multiprocessing do not run `atexit` functions. They run multiprocessing's own finalizers.
        util.register_after_fork(delivery, lambda _: util.Finalize(delivery, end, exitpriority=-1000))

    for module in ("multiprocessing.util", "billiard.util"):
        wrapt.register_post_import_hook(hook_children, module)
    wrapt.register_post_import_hook(lambda module: _hook_uvicorn(module, end), "uvicorn.server")
    wrapt.register_post_import_hook(lambda module: _hook_celery(module, end), "celery.signals")
    wrapt.register_post_import_hook(lambda module: _hook_gevent(module, delivery), "gevent.monkey")
    end.handle_sigterm()


def _hook_abrupt_ends(delivery: Delivery) -> None:
    """RQ's work-horse and many a forked child end by `os._exit`, often some milliseconds after their last line."""

    def after_handing_over(end: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(end)
        def hand_over_and_end(*arguments: Any, **options: Any) -> Any:
            with contextlib.suppress(Exception):
                delivery.drain(HAND_OVER)
            return end(*arguments, **options)

        return hand_over_and_end

    # All others of `os` come to one of these.
    for name in ("_exit", "execv", "execve"):
        setattr(os, name, after_handing_over(getattr(os, name)))


class _End:
    """Delivers the remaining records, once; a second signal does not stop it early."""

    def __init__(self, delivery: Delivery, timeout: float) -> None:
        self._delivery = delivery
        self._timeout = timeout
        self._under_way: int | None = None
        self._signal: int | None = None

    def __call__(self) -> None:
        if self._under_way == os.getpid():
            return
        self._under_way = os.getpid()
        self._delivery.close(self._timeout)
        self._under_way = None
        if self._signal is not None:
            _die(self._signal)

    def handle_sigterm(self) -> None:
        """Deliver before SIGTERM ends the process, unless the app has its own handler."""
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """End at once, as Python does by default, but deliver first."""
        if self._under_way == os.getpid():
            # The signal interrupts the end itself, which has a time limit. The signal takes effect after it.
            self._signal = number
            return
        self()
        _die(number)


def _die(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _hook_gevent(module: Any, delivery: Delivery) -> None:
    """Keep our threads from using the parts that `gevent.monkey`, just imported, will replace."""
    _threads.keep_native()
    with _without_threads(delivery):
        delivery.keep_native()
        _forks.keep_native()
    patch = module.patch_all

    @wraps(patch)
    def patch_all(*arguments: Any, **options: Any) -> Any:
        # patch_all also changes thread identities. An import in one of our threads would then wait for itself.
        with _without_threads(delivery):
            return patch(*arguments, **options)

    module.patch_all = patch_all


@contextlib.contextmanager
def _without_threads(delivery: Delivery) -> Iterator[None]:
    """Run the block while none of our threads runs, as at a fork."""
    delivery.before_fork()
    _forks.before()
    try:
        yield
    finally:
        _forks.after_in_parent()
        delivery.after_fork_in_parent()


def _hook_celery(signals: Any, end: _End) -> None:
    """Deliver before a process of Celery's pool ends: it ends without running `atexit` functions."""

    def on_start(**_: Any) -> None:
        # The pool has just reset the signals to the system's default.
        end.handle_sigterm()

    def on_end(**_: Any) -> None:
        end()

    signals.worker_process_init.connect(on_start, weak=False)
    signals.worker_process_shutdown.connect(on_end, weak=False)


def _hook_uvicorn(module: Any, end: Callable[[], None]) -> None:
    """Deliver before uvicorn repeats the signal that stopped it, if that signal ends the process at once.

    This is the case in gunicorn's workers with uvicorn: they reset the signals to the system's default.
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
