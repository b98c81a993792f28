package aegisguard

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// AllowUnredactedVariable names pipelines, by their ids and separated by commas, whose records may leave the Collector
// without redaction.
const AllowUnredactedVariable = "AEGIS_ALLOW_UNREDACTED"

const redactor = "aegis_redact"

// pipeline is one entry of service::pipelines.
type pipeline struct {
	receivers, processors, exporters []string
}

// unredactedPipelines returns an error for each pipeline that takes records from a receiver and from which they reach
// an exporter, in it or behind its connectors, without aegis_redact on the way.
func (c converter) unredactedPipelines(settings map[string]any) []error {
	pipelines, connectors := pipelinesOf(settings)
	allowed := named(AllowUnredactedVariable)
	var refusals []error
	for _, id := range slices.Sorted(maps.Keys(pipelines)) {
		if !takesFromOutside(pipelines[id], connectors) {
			continue
		}
		outputs := unredactedOutputs(id, pipelines, connectors, map[string]bool{})
		if len(outputs) == 0 {
			continue
		}
		slices.Sort(outputs)
		reached := strings.Join(slices.Compact(outputs), ", ")
		if allowed[id] {
			c.logger.Warn("Records leave this Collector without redaction: "+AllowUnredactedVariable+" allows it.",
				zap.String("pipeline", id), zap.String("exporters", reached))
			continue
		}
		refusals = append(refusals, fmt.Errorf("service::pipelines::%s: its records reach %s without redaction. Add %s to"+
			" its processors (it redacts log records; there is no redaction of traces and metrics). If these records may"+
			" leave as they are, allow it with %s=%s", id, reached, redactor, AllowUnredactedVariable, id))
	}
	return refusals
}

func pipelinesOf(settings map[string]any) (map[string]pipeline, map[string]bool) {
	connectors := map[string]bool{}
	declared, _ := settings["connectors"].(map[string]any)
	for id := range declared {
		connectors[strings.TrimSpace(id)] = true
	}
	pipelines := map[string]pipeline{}
	service, _ := settings["service"].(map[string]any)
	entries, _ := service["pipelines"].(map[string]any)
	for id, entry := range entries {
		entry, _ := entry.(map[string]any)
		pipelines[strings.TrimSpace(id)] = pipeline{
			receivers: ids(entry["receivers"]), processors: ids(entry["processors"]), exporters: ids(entry["exporters"]),
		}
	}
	return pipelines, connectors
}

// ids reads a list of components: the Collector takes a text with commas for a list too.
func ids(value any) []string {
	var found []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			found = append(found, strings.TrimSpace(fmt.Sprint(item)))
		}
	case string:
		for _, item := range strings.Split(value, ",") {
			found = append(found, strings.TrimSpace(item))
		}
	}
	return found
}

func takesFromOutside(p pipeline, connectors map[string]bool) bool {
	return slices.ContainsFunc(p.receivers, func(id string) bool { return !connectors[id] })
}

// unredactedOutputs are the exporters that the records of a pipeline reach as they came. seen ends circles, which the
// Collector refuses later.
func unredactedOutputs(
	id string, pipelines map[string]pipeline, connectors map[string]bool, seen map[string]bool,
) []string {
	if seen[id] || slices.ContainsFunc(pipelines[id].processors, redacts) {
		return nil
	}
	seen[id] = true
	var outputs []string
	for _, exporter := range pipelines[id].exporters {
		if !connectors[exporter] {
			outputs = append(outputs, exporter)
			continue
		}
		for _, next := range slices.Sorted(maps.Keys(pipelines)) {
			if slices.Contains(pipelines[next].receivers, exporter) {
				outputs = append(outputs, unredactedOutputs(next, pipelines, connectors, seen)...)
			}
		}
	}
	return outputs
}

func redacts(processor string) bool {
	kind, _, _ := strings.Cut(processor, "/")
	return strings.TrimSpace(kind) == redactor
}
