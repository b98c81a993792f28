package aegisredact

import (
	"strings"
	"testing"
)

var benchTexts = []struct{ name, text string }{
	{"word", "HTTP Request Completed"},
	{"url", "/api/v1/orders/123456?page=12"},
	{"uuid", "e3b0c442-98fc-1c14-9afb-f4c8996fb924"},
	{"ids", "Moved order 83629104417 of 2026-11-17 10:41:07.318 to 4fd1a4c8-8b1e-4d0e-9a3c-0b4f6f1d22c7"},
	{"groups", "8362-910441-72938476"},
	{"number", "1750897341578"},
	{"path", "/api/v1/accounts/883421907/orders/83629104417/lines/2231?since=1750897341578"},
	{"prose", "User action completed for cart 123456 in 12.5 ms"},
	{"stack", "Traceback (most recent call last):\n" + strings.Repeat("  File \"/srv/app/orders/m1.py\", line 7, in f1\n    return call(x)\n", 8) + "ValueError: bad amount"},
	{"secrets", "login failed password=hunter2 for jane@example.org ssn 219-09-9999"},
	{"json", `{"user":{"name":"x","password":"hunter2"},"n":[1,2,3]}`},
}

func BenchmarkRedactText(b *testing.B) {
	e := builtInEngine(b)
	for _, text := range benchTexts {
		b.Run(text.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.redactText(text.text, 0, reader{})
			}
		})
	}
}
