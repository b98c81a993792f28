package aegisguard

import "go.opentelemetry.io/collector/confmap"

// NewFactory returns the factory of the converter. The Collector runs it over every configuration it resolves: at the
// start, when it reads the configuration anew, and in `validate`.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter {
		return converter{logger: set.Logger}
	})
}
