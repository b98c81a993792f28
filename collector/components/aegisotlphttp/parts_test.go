package aegisotlphttp

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// nested has records of several resources and scopes, of different sizes.
func nested(t *testing.T) (plog.Logs, []byte) {
	t.Helper()
	logs := plog.NewLogs()
	for r := range 3 {
		resource := logs.ResourceLogs().AppendEmpty()
		resource.Resource().Attributes().PutInt("r", int64(r))
		resource.SetSchemaUrl("https://example.org/resource")
		for s := range 2 {
			scope := resource.ScopeLogs().AppendEmpty()
			scope.Scope().SetName(fmt.Sprint("scope", s))
			scope.SetSchemaUrl("https://example.org/scope")
			for n := range 7 {
				scope.LogRecords().AppendEmpty().Body().SetStr(fmt.Sprint(r, s, n, strings.Repeat("x", n*n*7)))
			}
		}
	}
	request, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	require.NoError(t, err)
	return logs, request
}

func decoded(t *testing.T, request []byte) plog.Logs {
	t.Helper()
	message := plogotlp.NewExportRequest()
	require.NoError(t, message.UnmarshalProto(request))
	return message.Logs()
}

// flat lists records with all that is around them.
func flat(logs plog.Logs) []string {
	var all []string
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				all = append(all, fmt.Sprint(resource.Resource().Attributes().AsRaw(), resource.SchemaUrl(),
					scope.Scope().Name(), scope.SchemaUrl(), record.Body().Str()))
			}
		}
	}
	return all
}

func TestPartsHoldAllRecordsInOrderWithAllAroundThem(t *testing.T) {
	logs, request := nested(t)
	for _, limit := range []limits{
		{bytes: 1, records: 99}, {bytes: 400, records: 99}, {bytes: 1000, records: 5}, {bytes: math.MaxInt, records: 1}, noLimits,
	} {
		divided, _, err := parts(request, limit, nil)
		require.NoError(t, err)
		var all []string
		for _, part := range divided {
			inPart := flat(decoded(t, part.Data))
			require.Len(t, inPart, part.Records)
			require.LessOrEqual(t, part.Records, limit.records)
			require.True(t, len(part.Data) <= limit.bytes || part.Records == 1, "%d bytes", len(part.Data))
			all = append(all, inPart...)
		}
		require.Equal(t, flat(logs), all)
	}
}

func TestHalvesAreTwoOfTheSameSize(t *testing.T) {
	_, request := nested(t)
	both := halves(request)
	require.Len(t, both, 2)
	require.Equal(t, 21, both[0].Records)
	require.Equal(t, 21, both[1].Records)
	one, _, err := parts(request, limits{bytes: math.MaxInt, records: 1}, nil)
	require.NoError(t, err)
	require.Nil(t, halves(one[0].Data))
}

func TestWhatIsNoRequestIsNotDivided(t *testing.T) {
	_, request := nested(t)
	for _, broken := range [][]byte{{0xff}, {0x0a, 0x05, 1}, {0x08, 1}, {0x12, 0}, request[:len(request)-1], []byte("{}")} {
		_, _, err := parts(broken, noLimits, nil)
		require.Error(t, err)
		require.Nil(t, halves(broken))
	}
}

func FuzzParts(f *testing.F) {
	f.Add([]byte{0x0a, 2, 0x12, 0}, 10)
	f.Fuzz(func(t *testing.T, request []byte, bytes int) {
		if divided, _, err := parts(request, limits{bytes: bytes, records: 3}, nil); err == nil {
			for _, part := range divided {
				require.Positive(t, part.Records)
			}
		}
	})
}
