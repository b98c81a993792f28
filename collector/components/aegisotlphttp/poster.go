package aegisotlphttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

const (
	contentType      = "application/x-protobuf"
	maxResponseBytes = 64 << 10
	maxRetryAfter    = 5 * time.Minute
)

// verdict is what an answer of the store means for the batch.
type verdict int

const (
	delivered      verdict = iota
	again                  // the same batch, later
	tooLarge               // in smaller parts
	refused                // never
	rejectedInPart         // never, and the store does not say which; it has the others
)

// answer is what came of one request.
type answer struct {
	verdict verdict
	status  int           // HTTP status, 0 when there was no answer
	wait    time.Duration // the store's own wish, 0 for none
	reason  string
}

// poster sends requests of the OTLP/HTTP protocol (OTLP specification, section "OTLP/HTTP").
type poster struct {
	client    *http.Client
	url       string
	userAgent string
}

func newPoster(client *http.Client, url string, build component.BuildInfo) *poster {
	return &poster{
		client: client,
		url:    url,
		userAgent: fmt.Sprintf("%s/%s (%s/%s)",
			build.Description, build.Version, runtime.GOOS, runtime.GOARCH),
	}
}

func (p *poster) post(ctx context.Context, data []byte) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(data))
	if err != nil {
		return answer{verdict: again, reason: err.Error()}
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", p.userAgent)
	response, err := p.client.Do(request)
	if err != nil {
		return answer{verdict: again, reason: err.Error()}
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	_, _ = io.CopyN(io.Discard, response.Body, maxResponseBytes)
	return judge(response, body)
}

// judge decides by the status. Only what is wrong with the records themselves is refused; a wrong key, a
// wrong path or a fault of the store is put right some day, and then the records are welcome.
func judge(response *http.Response, body []byte) answer {
	a := answer{status: response.StatusCode, reason: response.Status}
	switch status := response.StatusCode; {
	case status >= 200 && status <= 299:
		if message, rejected := partialSuccess(response, body); rejected > 0 {
			a.verdict, a.reason = rejectedInPart, fmt.Sprintf("%d records rejected: %s", rejected, message)
		}
	case status == http.StatusRequestEntityTooLarge:
		a.verdict = tooLarge
	case status == http.StatusBadRequest, status == http.StatusUnsupportedMediaType,
		status == http.StatusUnprocessableEntity:
		a.verdict, a.reason = refused, string(body)
	default:
		a.verdict, a.wait = again, retryAfter(response.Header.Get("Retry-After"))
	}
	return a
}

func partialSuccess(response *http.Response, body []byte) (string, int64) {
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind != contentType || len(body) == 0 {
		return "", 0
	}
	message := plogotlp.NewExportResponse()
	if err := message.UnmarshalProto(body); err != nil {
		return "", 0
	}
	return message.PartialSuccess().ErrorMessage(), message.PartialSuccess().RejectedLogRecords()
}

// retryAfter reads the header's two forms (RFC 9110, section 10.2.3).
func retryAfter(value string) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(value); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = time.Until(date)
	}
	return min(max(wait, 0), maxRetryAfter)
}
