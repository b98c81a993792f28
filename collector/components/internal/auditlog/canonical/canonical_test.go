package canonical

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func canonicalOf(t *testing.T, text string) (string, bool) {
	t.Helper()
	value, err := Read([]byte(text))
	require.NoError(t, err, text)
	out, ok := Append(nil, &value, nil)
	return string(out), ok
}

func TestCanonicalBytes(t *testing.T) {
	for text, wanted := range map[string]string{
		` { "b" : 1 , "a" : [ true , false , null ] } `: `{"a":[true,false,null],"b":1}`,
		`"\u0000\u001F\b\t\n\f\r\"\\\/\u007f"`:          `"\u0000\u001f\b\t\n\f\r\"\\/` + "\x7f\"",
		`"\u00e9\u2028\ud83d\ude00\u003c"`:              "\"é\u2028😀<\"",
		`9007199254740991`:                              `9007199254740991`,
		`-9007199254740991`:                             `-9007199254740991`,
		`0`:                                             `0`,
		`{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":3,"\r":4,"1":5,"\u0080":6,"\u00f6":7}`:// the example of RFC 8785, 3.2.3
		"{\"\\r\":4,\"1\":5,\"\u0080\":6,\"ö\":7,\"€\":3,\"😀\":2,\"\ufb33\":1}",
		`{"aa":1,"a":2,"":3}`: `{"":3,"a":2,"aa":1}`,
		`[[],{},""]`:          `[[],{},""]`,
	} {
		out, ok := canonicalOf(t, text)
		require.True(t, ok, text)
		require.Equal(t, wanted, out)
	}
}

func TestValuesOutsideOfTheDomain(t *testing.T) {
	for _, text := range []string{
		"1.0", "1e3", "1E+3", "-0", "0.5", "9007199254740992", "-9007199254740992", "99999999999999999999",
		`"\ud800"`, `"\udc00\ud800"`, `"\ud800x"`, `"\ud800\n"`, `{"\udfff":1}`, `[[{"a":1e0}]]`,
	} {
		_, ok := canonicalOf(t, text)
		require.False(t, ok, text)
	}
}

func TestWhatIsNotJSON(t *testing.T) {
	for _, text := range []string{
		"", " ", "{", "}", "[1,]", `{"a":1,}`, `{"a"}`, `{a:1}`, "01", "+1", "1.", ".5", "1e", "-", "tru", "nul", "NaN", "'a'",
		`"`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\u+123"`, "\"a\nb\"", "1 2", "{} {}", `[1 2]`, "\ufeff1", "\"\xff\"", "\"\xed\xa0\x80\"",
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `[{"b":{"x":0,"x":0}}]`, "\v1", `"\ud800\u12"`,
	} {
		_, err := Read([]byte(text))
		require.Error(t, err, text)
	}
}

func TestAReaderHasLimits(t *testing.T) {
	deep := func(levels int) []byte {
		return []byte(strings.Repeat("[", levels) + strings.Repeat("]", levels))
	}
	_, err := Read(deep(MaxDepth))
	require.NoError(t, err)
	_, err = Read(deep(MaxDepth + 2))
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = Read([]byte("[" + strings.Repeat("0,", MaxValues) + "0]"))
	require.ErrorIs(t, err, ErrTooLarge)
}

// Canonical bytes are a fixed point, and no input makes the reader panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"b":[1,-0,"\ud83d\ude00"],"a":{"x":null}}`, `"\ud800"`, "1e9", `{"a":1,"a":1}`, "[", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := Read(data)
		if err != nil {
			return
		}
		once, ok := Append(nil, &value, nil)
		if !ok {
			return
		}
		again, err := Read(once)
		require.NoError(t, err)
		twice, ok := Append(nil, &again, nil)
		require.True(t, ok)
		require.Equal(t, string(once), string(twice))
	})
}
