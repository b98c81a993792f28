"""gRPC's server on asyncio: an interceptor of ours before the app's, since its core cannot be hooked from Python."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import wraps
from inspect import isasyncgenfunction
from typing import Any, Final

import wrapt
from opentelemetry import context as otel_context

from aegis_otel.capture._hooks import Method, fault, wrap
from aegis_otel.capture._served import RpcRequest, header_of
from aegis_otel.capture._serving import SERVING

_OWN: Final = ("opentelemetry.instrumentation.grpc", "GrpcAioInstrumentorServer")


def hook_server(module: Any) -> None:
    """`grpc.aio._server`."""
    import grpc

    class Correlation(module.ServerInterceptor):  # type: ignore[misc]
        """The first interceptor of every server."""

        async def intercept_service(self, continuation: Any, details: Any) -> Any:
            served = _begin(details)
            if served is None:
                return await continuation(details)
            # The task is the call's; what is left in it ends with the call.
            otel_context.attach(served.context)
            try:
                handler = await continuation(details)
            except Exception as error:
                served.failed(error)
                served.end()
                raise
            if handler is None:
                served.status, served.details = "UNIMPLEMENTED", "Method not found!"
                served.end()
                return None
            try:
                return _handler(grpc, handler, served)
            except Exception as error:
                fault("gRPC's asyncio server", error)
                return handler

    def make(original: Method) -> Method:
        def init(self: Any, thread_pool: Any, handlers: Any, interceptors: Any, *args: Any, **kwargs: Any) -> None:
            if SERVING.requests is not None:
                interceptors = (Correlation(), *(interceptors or ()))
            original(self, thread_pool, handlers, interceptors, *args, **kwargs)

        return init

    wrap(module.Server, "__init__", make)


def _begin(details: Any) -> RpcRequest | None:
    try:
        name = details.method
        operation = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        return SERVING.rpc(operation, details.invocation_metadata, own=_OWN)
    except Exception as error:
        fault("gRPC's asyncio server", error)
        return None


def _handler(grpc: Any, handler: Any, served: RpcRequest) -> Any:
    """The handler of a method, with its behaviour inside the request."""
    kind = f"{'stream' if handler.request_streaming else 'unary'}_{'stream' if handler.response_streaming else 'unary'}"
    behavior = getattr(handler, kind)
    make = getattr(grpc, f"{kind}_rpc_method_handler")
    if handler.response_streaming:
        watched = _watched_iterator(behavior, served) if isasyncgenfunction(behavior) else _watched(behavior, served)
    else:
        watched = _watched(behavior, served)
    return make(watched, handler.request_deserializer, handler.response_serializer)


def _watched(behavior: Any, served: RpcRequest) -> Callable[..., Any]:
    """A behaviour that is awaited, or one that blocks and that gRPC runs in a thread (then with its own context)."""
    from inspect import iscoroutinefunction

    if not iscoroutinefunction(behavior):

        @wraps(behavior)
        def blocking(request: Any, context: Any) -> Any:
            token = otel_context.attach(served.context)
            try:
                found = behavior(request, context)
                return _watched_blocking(found, context, served) if hasattr(found, "__next__") else found
            except BaseException as error:
                served.failed(error)
                raise
            finally:
                if not hasattr(locals().get("found"), "__next__"):
                    _end(served, context)
                otel_context.detach(token)

        return blocking

    @wraps(behavior)
    async def watched(request: Any, context: Any) -> Any:
        otel_context.attach(served.context)
        context = _Context(context, served)
        try:
            found = await behavior(request, context)
            await context.aegis_send()
            return found
        except Exception as error:
            served.failed(error)
            await context.aegis_send()
            raise
        finally:
            _end(served, context)

    return watched


def _watched_iterator(behavior: Any, served: RpcRequest) -> Callable[..., AsyncIterator[Any]]:
    @wraps(behavior)
    async def watched(request: Any, context: Any) -> AsyncIterator[Any]:
        otel_context.attach(served.context)
        context = _Context(context, served)
        try:
            async for response in behavior(request, context):
                await context.aegis_send()
                yield response
            await context.aegis_send()
        except Exception as error:
            served.failed(error)
            await context.aegis_send()
            raise
        finally:
            _end(served, context)

    return watched


def _watched_blocking(responses: Any, context: Any, served: RpcRequest) -> Any:
    token = otel_context.attach(served.context)
    try:
        yield from responses
    except Exception as error:
        served.failed(error)
        raise
    finally:
        _end(served, context)
        otel_context.detach(token)


class _Context(wrapt.ObjectProxy):  # type: ignore[type-arg]
    """The servicer's context, with the id in the initial metadata of the response."""

    def __init__(self, context: Any, served: RpcRequest) -> None:
        super().__init__(context)
        self._self_served = served
        self._self_sent = False

    async def send_initial_metadata(self, initial_metadata: Any) -> None:
        """As gRPC's, with the id."""
        self._self_sent = True
        await self.__wrapped__.send_initial_metadata(self._with_id(initial_metadata))

    def _with_id(self, metadata: Any) -> Any:
        served = self._self_served
        try:
            given = tuple(metadata or ())
            missing = served.missing_header(header_of(given, served.header_name))
            return metadata if missing is None else (*given, missing)
        except Exception as error:
            fault("gRPC's metadata", error)
            return metadata

    async def aegis_send(self) -> None:
        """Send the initial metadata now, unless the app has done so."""
        if not self._self_sent:
            self._self_sent = True
            try:
                await self.__wrapped__.send_initial_metadata(self._with_id(()))
            except Exception:  # the call is over
                return

    def write(self, message: Any) -> Awaitable[None]:
        """As gRPC's."""

        async def send_and_write() -> None:
            await self.aegis_send()
            await self.__wrapped__.write(message)

        return send_and_write()

    def abort(self, *args: Any, **kwargs: Any) -> Awaitable[None]:
        """As gRPC's."""

        async def send_and_abort() -> None:
            await self.aegis_send()
            await self.__wrapped__.abort(*args, **kwargs)

        return send_and_abort()


def _end(served: RpcRequest, context: Any) -> None:
    if served.ended:
        return
    try:
        if context.cancelled():
            served.status = "CANCELLED"
        elif served.status is None:
            code = context.code()
            if code:
                served.status = _name(code)
        served.details = str(context.details() or "")
    except Exception as error:
        fault("gRPC's asyncio server", error)
    served.end()


def _name(code: Any) -> str | None:
    name = getattr(code, "name", None)
    if isinstance(name, str):
        return name
    import grpc

    return next((known.name for known in grpc.StatusCode if known.value[0] == code), None)
