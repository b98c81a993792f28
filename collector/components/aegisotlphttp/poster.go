package aegisotlphttp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
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
	quoter    quoter
	url       string
	userAgent string
}

func newPoster(client *http.Client, cfg confighttp.ClientConfig, build component.BuildInfo) *poster {
	// A redirect would show the credentials to another host, and one of most kinds becomes a GET without the records, whose
	// answer says nothing about them.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &poster{
		client: client,
		quoter: newQuoter(cfg),
		url:    cfg.Endpoint,
		userAgent: fmt.Sprintf("%s/%s (%s/%s)",
			build.Description, build.Version, runtime.GOOS, runtime.GOARCH),
	}
}

func (p *poster) post(ctx context.Context, data []byte) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(data))
	if err != nil {
		return answer{verdict: again, reason: p.quoter.quote(err.Error())}
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", p.userAgent)
	response, err := p.client.Do(request)
	if err != nil {
		return answer{verdict: again, reason: p.quoter.quote(err.Error())}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	if err != nil && response.StatusCode/100 == 2 {
		// What it refuses in part may be in what did not come.
		return answer{verdict: again, status: response.StatusCode, reason: p.quoter.quote("the answer breaks off: " + err.Error())}
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxResponseBytes)
	return p.judge(response, body)
}

// judge decides by the status. Only what is wrong with the records themselves is refused; a wrong key, a
// wrong path or a fault of the store is put right some day, and then the records are welcome.
func (p *poster) judge(response *http.Response, body []byte) answer {
	a := answer{status: response.StatusCode, reason: p.quoter.reason(response, body)}
	switch status := response.StatusCode; {
	case status >= 200 && status <= 299 && isHTML(response):
		a.verdict, a.reason = again, "a page of HTML came, as no store answers; is the address right?"
	case status >= 200 && status <= 299:
		if message, rejected := partialSuccess(response, body); rejected > 0 {
			a.verdict, a.reason = rejectedInPart, p.quoter.quote(fmt.Sprintf("%d records rejected: %s", rejected, message))
		}
	case status >= 300 && status <= 399:
		a.verdict, a.reason = again, p.quoter.quote(response.Status+redirection(response))
	case status == http.StatusRequestEntityTooLarge:
		a.verdict = tooLarge
	case status == http.StatusBadRequest, status == http.StatusUnsupportedMediaType,
		status == http.StatusUnprocessableEntity:
		a.verdict = refused
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

// redirection says where an answer points to, without what may be secret there.
func redirection(response *http.Response) string {
	to, err := response.Location()
	if err != nil {
		return ""
	}
	shown := url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}
	return ": redirects are not followed; if " + shown.String() + " is right, name it as the address"
}

// retryAfter reads the header's two forms (RFC 9110, section 10.2.3). Its digits may be more than any number holds.
func retryAfter(value string) time.Duration {
	var wait time.Duration
	if value = strings.TrimSpace(value); value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, _ := strconv.ParseUint(value, 10, 32) // the largest one where they are too many
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = time.Until(date)
	}
	return min(max(wait, 0), maxRetryAfter)
}
