package aegisroute

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
)

func BenchmarkLine(b *testing.B) {
	record := plog.NewLogRecord()
	record.Body().SetStr("User action completed for cart 123456 in 12.5 ms")
	record.Attributes().PutStr("correlationId", "e3b0c442-98fc-1c14-9afb-f4c8996fb924")
	record.Attributes().PutStr("url", "/api/v1/orders/123456?page=12")
	record.Attributes().PutStr("customer", "Zoë \"Z\" Müller")
	record.Attributes().PutInt("statusCode", 200)
	record.Attributes().PutDouble("responseTime", 12.5)
	list := record.Attributes().PutEmptySlice("items")
	for range 5 {
		list.AppendEmpty().SetEmptyMap().PutStr("sku", "A-1")
	}
	o := &origin{service: "shop", environment: "production"}
	w := &lineWriter{}
	f := &fields{}
	b.ReportAllocs()
	for b.Loop() {
		f.read(o, record, w)
		w.line(f)
	}
}
