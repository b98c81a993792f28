package aegisotlphttp

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

func reasonOf(t *testing.T, contentType string, body []byte) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", contentType)
	recorder.WriteHeader(http.StatusBadRequest)
	return newQuoter(confighttp.ClientConfig{}).reason(recorder.Result(), body)
}

func status(t *testing.T, message string) []byte {
	t.Helper()
	body, err := proto.Marshal(&spb.Status{Message: message})
	require.NoError(t, err)
	return body
}

func TestTheReasonIsTheMessageOfAnOTLPStatusWhateverItsType(t *testing.T) {
	for _, kind := range []string{"application/x-protobuf", "application/octet-stream", "text/plain; charset=utf-8", ""} {
		require.Equal(t, "entry too far behind", reasonOf(t, kind, status(t, "entry too far behind")), kind)
	}
}

func TestTextIsItsOwnReason(t *testing.T) {
	for _, text := range []string{"no org id", `{"Error":"The event is too large."}`, "error at least one label pair is required per stream"} {
		require.Equal(t, text, reasonOf(t, "text/plain", []byte(text+"\n")))
	}
}

func TestOfAPageOfHTMLOnlyTheStatusIsQuoted(t *testing.T) {
	require.Equal(t, "400 Bad Request", reasonOf(t, "text/html", []byte("oops")))
	require.Equal(t, "400 Bad Request", reasonOf(t, "text/plain", []byte("\n<!DOCTYPE html>")))
	require.Equal(t, "400 Bad Request", reasonOf(t, "text/plain", nil))
}

func TestWhatATerminalActsOnIsEscaped(t *testing.T) {
	require.Equal(t, `a\nb \x1b[2J \x7f \u009b \u202e \xff`, reasonOf(t, "", []byte("a\nb \x1b[2J \x7f \u009b \u202e \xff")))
	require.Equal(t, `\x1b]0;x\a`, reasonOf(t, "", status(t, "\x1b]0;x\a")))
	require.Equal(t, "ü 世 👍", reasonOf(t, "", []byte("ü 世 👍")))
}

func TestALongReasonIsCut(t *testing.T) {
	require.Equal(t, strings.Repeat("é", maxReason/2)+"…", reasonOf(t, "", []byte(strings.Repeat("é", 60_000))))
}

func TestNoCredentialIsQuoted(t *testing.T) {
	q := newQuoter(confighttp.ClientConfig{
		Endpoint: "http://user:p%40ss-1@127.0.0.1/x",
		Headers: configopaque.MapList{
			{Name: "X-Seq-ApiKey", Value: "key-1"},
			{Name: "Authorization", Value: "Basic dXNlcjpwYXNzLTI="},
			{Name: "x-scope-orgid", Value: "clinic"},
		},
	})
	said := q.quote("key-1 Basic dXNlcjpwYXNzLTI= dXNlcjpwYXNzLTI= pass-2 p@ss-1 p%40ss-1 tenant clinic")
	require.Equal(t, "[hidden] [hidden] [hidden] [hidden] [hidden] [hidden] tenant clinic", said)
}
