package aegislimits

import "fmt"

// In OTLP's JSON each level of a value is written with up to five brackets: {"arrayValue":{"values":[{…}]}} and
// {"kvlistValue":{"values":[{"key":…,"value":{…}}]}}. A record stands inside of six, as in
// {"resourceLogs":[{"scopeLogs":[{"logRecords":[{…}]}]}]}; a resource's own values are as deep, and count as records too.
const (
	bracketsOfValue  = 5
	bracketsOfRecord = 6
	bracketsAround   = bracketsOfRecord + 4
)

// scanJSON measures a request in JSON before it is decoded, in one pass and without recursion. It looks at brackets and
// texts only: the receiver checks the rest. Each object counts as a value.
func scanJSON(data []byte, limits Limits) (size, error) {
	found := size{bytes: int64(len(data))}
	depth := 0
	for at := 0; at < len(data); at++ {
		switch data[at] {
		case '"':
			start := at
			for at++; at < len(data) && data[at] != '"'; at++ {
				if data[at] == '\\' {
					at++
				}
			}
			if at >= len(data) {
				return found, fmt.Errorf("the request is not JSON: the text at byte %d has no end", start)
			}
			found.decoded += leafWeight
		case '{':
			found.values++
			found.decoded += weights[keyValue]
			if depth == bracketsOfRecord {
				found.records++
				found.decoded += weights[logRecord]
			}
			depth++
			if err := found.within(limits); err != nil {
				return found, err
			}
		case '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > bracketsAround+bracketsOfValue*limits.MaxDepth {
			return found, tooDeep(limits)
		}
	}
	return found, nil
}
