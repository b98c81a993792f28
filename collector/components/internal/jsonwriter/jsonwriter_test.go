package jsonwriter

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

var line = Style{Line: true, MaxDepth: 64}

func TestAStringIsWhatAJSONReaderReads(t *testing.T) {
	var all strings.Builder
	for r := rune(0); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	for _, style := range []Style{line, {MaxDepth: 64}} {
		var read string
		require.NoError(t, json.Unmarshal(style.String(nil, all.String()), &read))
		require.Equal(t, all.String(), read)
	}
}

func TestOnALineNothingEndsIt(t *testing.T) {
	require.Equal(t, `"a\u0085b\u2028c\u2029d`+"\uFFFD"+`"`, string(line.String(nil, "a\u0085b\u2028c\u2029d\xff")))
	require.Equal(t, "\"\u2028\xff\"", string(Style{}.String(nil, "\u2028\xff")))
}

func TestControlCharactersHaveTheirShortForms(t *testing.T) {
	require.Equal(t, `"\b\f\n\r\t\u0001\"\\"`, string(line.String(nil, "\b\f\n\r\t\x01\"\\")))
}

func TestEveryTypeOfAValue(t *testing.T) {
	value := pcommon.NewValueEmpty()
	require.NoError(t, value.FromRaw(map[string]any{"list": []any{int64(1), 2.5, true, nil, math.NaN(), math.Inf(-1), []byte("12")}}))
	require.Equal(t, `{"list":[1,2.5,true,null,"NaN","-Infinity","MTI="]}`, string(line.Value(nil, value, 0)))
	require.Contains(t, string(Style{Numbers: true, MaxDepth: 64}.Value(nil, value, 0)), `,12]`)
}

func TestWhatLiesTooDeepIsNull(t *testing.T) {
	value := pcommon.NewValueEmpty()
	require.NoError(t, value.FromRaw([]any{[]any{[]any{"x"}}}))
	require.Equal(t, `[[null]]`, string(Style{MaxDepth: 2}.Value(nil, value, 0)))
}
