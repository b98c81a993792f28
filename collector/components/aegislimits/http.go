package aegislimits

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

const chunk = 64 << 10

var errNoMemory = errors.New("too much in flight: try again later")

// wrapHTTP reads and scans a request before the receiver decodes it. It runs after the receiver asked who sends and
// behind its decompression.
func (l *limiter) wrapHTTP(_ context.Context, next http.Handler) (http.Handler, error) {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var taken int64
		defer func() { l.memory.give(taken) }()
		body, err := l.read(r.Body, &taken)
		if err == nil {
			err = l.scanned(r, body, &taken)
		}
		switch {
		case errors.Is(err, errNoMemory):
			l.refused(r.Context(), "http", err)
			w.Header().Set("Retry-After", "1")
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		case err != nil:
			l.refused(r.Context(), "http", err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			r.ContentLength = int64(len(body))
			next.ServeHTTP(w, r)
		}
	}), nil
}

// read takes the body into memory, and takes that memory from the budget while it comes.
func (l *limiter) read(body io.Reader, taken *int64) ([]byte, error) {
	var read bytes.Buffer
	for {
		if !l.memory.take(chunk) {
			return nil, errNoMemory
		}
		*taken += chunk
		_, err := io.CopyN(&read, body, chunk)
		if err == io.EOF {
			return read.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// scanned scans the body and takes what it needs beyond its bytes.
func (l *limiter) scanned(r *http.Request, body []byte, taken *int64) error {
	found := size{bytes: int64(len(body))}
	var err error
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case kind == "application/json":
		found, err = scanJSON(body, l.limits)
	case kind == "application/x-protobuf" && strings.HasSuffix(r.URL.Path, "/logs"):
		found, err = scanProtobuf(body, l.limits)
	}
	if err == nil {
		err = l.memory.fits(found)
	}
	if err != nil {
		return err
	}
	if more := found.memory() - *taken; more > 0 {
		if !l.memory.take(more) {
			return errNoMemory
		}
		*taken += more
	}
	return nil
}
