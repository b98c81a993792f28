package aegisotlphttp

import (
	"bytes"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/config/confighttp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	// maxReason bounds what the log and the dead letters quote of a store's answer, in bytes.
	maxReason = 1000

	hidden = "[hidden]"

	// tenantHeader names a tenant (Loki, "Manage tenants"); it is no secret, and Loki's messages say it.
	tenantHeader = "X-Scope-OrgID"
)

// quoter makes what a store answers fit to be logged: of bounded length, without control characters, and without the
// credentials that were sent, which an answer may repeat.
type quoter struct{ secrets *strings.Replacer }

func newQuoter(client confighttp.ClientConfig) quoter {
	var pairs []string
	hide := func(secret string) {
		if secret != "" {
			pairs = append(pairs, secret, hidden)
		}
	}
	for name, value := range client.Headers.Iter {
		if strings.EqualFold(name, tenantHeader) {
			continue
		}
		hide(string(value))
		_, credentials, _ := strings.Cut(string(value), " ") // "Bearer x", "Basic x" (RFC 9110, section 11.4)
		hide(credentials)
		if decoded, err := base64.StdEncoding.DecodeString(credentials); err == nil {
			_, password, _ := strings.Cut(string(decoded), ":")
			hide(password)
		}
	}
	if endpoint, err := url.Parse(client.Endpoint); err == nil {
		password, _ := endpoint.User.Password()
		hide(password)
		hide(url.QueryEscape(password))
	}
	return quoter{strings.NewReplacer(pairs...)}
}

// reason is what an answer says: its OTLP status, or its text. A page of HTML is not the store's, so the HTTP status has to do.
func (q quoter) reason(response *http.Response, body []byte) string {
	said := statusMessage(body)
	if said == "" && !isHTML(response) && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		said = string(body)
	}
	if said = strings.TrimSpace(said); said == "" {
		said = response.Status
	}
	return q.quote(said)
}

func (q quoter) quote(text string) string { return plain(q.secrets.Replace(text)) }

// statusMessage reads a google.rpc.Status, the body of a refusal (OTLP specification, section "OTLP/HTTP", "Failures");
// empty when it is none. The content type does not tell: Loki sets it after the header went out.
func statusMessage(body []byte) string {
	var status spb.Status
	if err := proto.Unmarshal(body, &status); err != nil || len(status.ProtoReflect().GetUnknown()) > 0 {
		return ""
	}
	return status.GetMessage()
}

func isHTML(response *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// plain escapes all that a terminal or a reader might take for something else than text, and bounds the length.
func plain(text string) string {
	var b strings.Builder
	for rest := text; rest != ""; {
		if b.Len() >= maxReason {
			b.WriteString("…")
			break
		}
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(rest[0]), 16))
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		rest = rest[size:]
	}
	return b.String()
}
