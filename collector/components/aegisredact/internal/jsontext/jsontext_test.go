package jsontext

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATextBeyondTheLimitsIsNotRead(t *testing.T) {
	_, ok := Parse(strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1))
	require.True(t, ok)
	_, ok = Parse(strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2))
	require.False(t, ok)
	_, ok = Parse("{" + strings.Repeat(`"a":1,`, maxMembers-1) + `"a":1}`)
	require.True(t, ok)
	_, ok = Parse("{" + strings.Repeat(`"a":1,`, maxMembers) + `"a":1}`)
	require.False(t, ok)
}

func TestTheDeepestTextIsWrittenAsItWas(t *testing.T) {
	text := strings.Repeat(`{"a":[`, maxDepth/2) + strings.Repeat("]}", maxDepth/2)
	value, ok := Parse(text)
	require.True(t, ok)
	require.Equal(t, text, string(Append(nil, value)))
}

// FuzzParse compares with encoding/json: what that reads is read, and written it means the same.
func FuzzParse(f *testing.F) {
	f.Add(`{"a":[1,-2.50e+3,"\u00e9\ud83d\ude00\b",true,null,{}]}`)
	f.Add(`[01]`)
	f.Fuzz(func(t *testing.T, text string) {
		value, ok := Parse(text)
		if !json.Valid([]byte(text)) || strings.Count(text, "[")+strings.Count(text, "{") > maxDepth {
			return
		}
		require.True(t, ok, text)
		require.JSONEq(t, text, string(Append(nil, value)))
	})
}
