package aegislimits

import (
	"context"
	"reflect"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// GetGRPCServerOptions is what receivers over gRPC call: each request is scanned before it is decoded. gRPC decodes a request before any interceptor sees it, also
// before the receiver asks who sends, so the codec has to do it.
func (l *limiter) GetGRPCServerOptions(context.Context) ([]grpc.ServerOption, error) {
	verdicts := &verdicts{limiter: l}
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(&codec{encoding.GetCodecV2("proto"), verdicts}),
		grpc.StatsHandler(verdicts),
		grpc.ChainUnaryInterceptor(verdicts.intercept),
		grpc.InTapHandle(l.admit),
	}, nil
}

// admit limits the requests in flight and the time of each. The deadline ends also the wait for a body that does not come.
func (l *limiter) admit(ctx context.Context, _ *tap.Info) (context.Context, error) {
	if l.requests.Add(1) > l.maxRequests {
		l.requests.Add(-1)
		return nil, status.Error(codes.Unavailable, "too many requests in flight: try again later")
	}
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	context.AfterFunc(ctx, func() {
		cancel()
		l.requests.Add(-1)
	})
	return ctx, nil
}

// codec looks at the bytes of a request, then lets them be decoded, or not.
type codec struct {
	encoding.CodecV2
	verdicts *verdicts
}

func (c *codec) Unmarshal(data mem.BufferSlice, v any) error {
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	if !c.verdicts.onDecode(whole.ReadOnlyData(), v) {
		return nil // the interceptor answers
	}
	err := c.CodecV2.Unmarshal(mem.BufferSlice{whole}, v)
	if err != nil {
		c.verdicts.forget(v)
	}
	return err
}

// verdict is what the scan said of one request.
type verdict struct {
	err   error // nil: decode it
	taken int64 // memory to give back
}

// verdicts carries what the codec found to the interceptor, which answers, and to the end of the call, which gives the memory
// back. The codec knows the message only, the others the context: grpc's InPayload event has both.
type verdicts struct {
	limiter *limiter
	decoded sync.Map // message -> verdict, from Unmarshal to InPayload
}

type callKey struct{}

func (s *verdicts) onDecode(data []byte, v any) bool {
	found, err := size{bytes: int64(len(data))}, error(nil)
	if isLogs(v) {
		found, err = scanProtobuf(data, s.limiter.limits)
	}
	if err == nil {
		err = s.limiter.memory.fits(found)
	}
	said := verdict{err: err}
	if err == nil {
		if s.limiter.memory.take(found.memory()) {
			said.taken = found.memory()
		} else {
			said.err = errNoMemory
		}
	}
	s.decoded.Store(v, said)
	return said.err == nil
}

// forget ends a call of which no payload is reported, as it could not be decoded.
func (s *verdicts) forget(v any) {
	if said, found := s.decoded.LoadAndDelete(v); found {
		s.limiter.memory.give(said.(verdict).taken)
	}
}

// isLogs tells by its type's name whether a message is a request with logs: the type itself is internal to pdata.
func isLogs(v any) bool {
	kind := reflect.TypeOf(v)
	return kind != nil && kind.Kind() == reflect.Pointer && kind.Elem().Name() == "ExportLogsServiceRequest"
}

// TagRPC gives each call a place for its verdict.
func (s *verdicts) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, callKey{}, &verdict{})
}

// HandleRPC moves the verdict from the message to its call, and gives the memory back when the call ends.
func (s *verdicts) HandleRPC(ctx context.Context, event stats.RPCStats) {
	call, _ := ctx.Value(callKey{}).(*verdict)
	if call == nil {
		return
	}
	switch event := event.(type) {
	case *stats.InPayload:
		if said, found := s.decoded.LoadAndDelete(event.Payload); found {
			*call = said.(verdict)
		}
	case *stats.End:
		s.limiter.memory.give(call.taken)
		call.taken = 0
	}
}

// TagConn is part of stats.Handler.
func (s *verdicts) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn is part of stats.Handler.
func (s *verdicts) HandleConn(context.Context, stats.ConnStats) {}

func (s *verdicts) intercept(
	ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	call, _ := ctx.Value(callKey{}).(*verdict)
	switch {
	case call == nil || call.err == nil:
		return handler(ctx, req)
	case call.err == errNoMemory:
		s.limiter.refused(ctx, "grpc", call.err)
		return nil, status.Error(codes.Unavailable, call.err.Error())
	default:
		s.limiter.refused(ctx, "grpc", call.err)
		return nil, status.Error(codes.InvalidArgument, call.err.Error())
	}
}
