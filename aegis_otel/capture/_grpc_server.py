"""gRPC's server with threads: each call has a context from the lookup of its method until its status is sent.

The hooks stand at the functions through which every call passes (grpcio 1.66 and later), not in the list of
interceptors: so the app's own interceptors run inside, and its servers see the interceptors that it has given.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import wraps
from typing import Any, Final

from opentelemetry import context as otel_context

from aegis_otel.capture._hooks import Method, fault, wrap
from aegis_otel.capture._served import RpcRequest, header_of
from aegis_otel.capture._serving import SERVING

OWN: Final = ("opentelemetry.instrumentation.grpc", "GrpcInstrumentorServer")
_SERVED: Final = "_aegis_otel_served"
_ATTACHED: Final = "_aegis_otel_attached"


def hook_server(module: Any) -> None:
    """`grpc._server`."""
    codes = {code.value[0]: code.name for code in module.grpc.StatusCode}

    def status(code: Any) -> Any:
        return codes.get(int(code), "UNKNOWN")

    wrap(module, "_find_method_handler", _find_method_handler)
    for name in ("_unary_response_in_pool", "_stream_response_in_pool"):
        wrap(module, name, _in_pool)
    wrap(module, "_get_initial_metadata_operation", _initial_metadata)
    wrap(module, "_abort", lambda original: _abort(original, status))
    wrap(module, "_reject_rpc", lambda original: _reject(original, status))


def _find_method_handler(original: Method) -> Method:
    def find(rpc_event: Any, state: Any, method: Any, *args: Any, **kwargs: Any) -> Any:
        served = _begin(rpc_event, method)
        if served is None:
            return original(rpc_event, state, method, *args, **kwargs)
        setattr(state, _SERVED, served)
        own = getattr(state, "context", None)
        if own is not None:  # newer versions run the call in a context of its own
            own.run(otel_context.attach, served.context)
        token = otel_context.attach(served.context)
        try:
            found = original(rpc_event, state, method, *args, **kwargs)
        except Exception as error:
            served.failed(error)
            setattr(state, _ATTACHED, token)  # until `_reject`: gRPC has a line to write before
            raise
        except BaseException:
            otel_context.detach(token)
            raise
        otel_context.detach(token)
        return found

    return find


def _begin(rpc_event: Any, method: Any) -> RpcRequest | None:
    try:
        name = method.name() or rpc_event.call_details.method
        operation = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        return SERVING.rpc(operation, rpc_event.invocation_metadata, own=OWN)
    except Exception as error:
        fault("gRPC's server", error)
        return None


def _in_pool(original: Method) -> Method:
    def in_pool(rpc_event: Any, state: Any, behavior: Any, *args: Any, **kwargs: Any) -> Any:
        served = getattr(state, _SERVED, None)
        if served is None:
            return original(rpc_event, state, behavior, *args, **kwargs)
        token = otel_context.attach(served.context)
        try:
            return original(rpc_event, state, _watched(behavior, served), *args, **kwargs)
        finally:
            _end(served, state)
            otel_context.detach(token)

    return in_pool


def _watched(behavior: Any, served: RpcRequest) -> Any:
    @wraps(behavior)
    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            found = behavior(*args, **kwargs)
        except BaseException as error:
            served.failed(error)
            raise
        return _watched_stream(found, served) if hasattr(found, "__next__") else found

    return watched


def _watched_stream(responses: Iterator[Any], served: RpcRequest) -> Iterator[Any]:
    try:
        yield from responses
    except Exception as error:
        served.failed(error)
        raise


def _end(served: RpcRequest, state: Any) -> None:
    try:
        code = getattr(state, "code", None)
        if served.status is None and code is not None:
            served.status = getattr(code, "name", None) or "UNKNOWN"
        details = getattr(state, "details", None)
        if isinstance(details, bytes):
            served.details = details.decode("utf-8", "replace")
        if getattr(state, "client", None) == "cancelled" and served.status is None:
            served.status = "CANCELLED"
    except Exception as error:
        fault("gRPC's server", error)
    served.end()


def _initial_metadata(original: Method) -> Method:
    def operation(state: Any, metadata: Any, *args: Any, **kwargs: Any) -> Any:
        served = getattr(state, _SERVED, None)
        if served is not None:
            try:
                given = tuple(metadata or ())
                missing = served.missing_header(header_of(given, served.header_name))
                if missing is not None:
                    metadata = (*given, missing)
            except Exception as error:
                fault("gRPC's metadata", error)
        return original(state, metadata, *args, **kwargs)

    return operation


def _abort(original: Method, status: Any) -> Method:
    def abort(state: Any, call: Any, code: Any, *args: Any, **kwargs: Any) -> Any:
        served = getattr(state, _SERVED, None)
        if served is not None and getattr(state, "code", None) is None:
            served.status = status(code)
        return original(state, call, code, *args, **kwargs)

    return abort


def _reject(original: Method, status: Any) -> Method:
    def reject(rpc_event: Any, state: Any, code: Any, details: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(rpc_event, state, code, details, *args, **kwargs)
        finally:
            served = getattr(state, _SERVED, None)
            if served is not None:
                served.status = status(code)
                if isinstance(details, bytes):
                    served.details = details.decode("utf-8", "replace")
                served.end()
                token = state.__dict__.pop(_ATTACHED, None)
                if token is not None:
                    otel_context.detach(token)

    return reject
