// Aegis-audit-verify checks that an audit trail is whole and untouched. It is written from docs/audit-format.md alone,
// and shares no code with the programs that write trails.
//
//	aegis-audit-verify --keys KEYS [--evidence NOTES] [--json] FOLDER
//	aegis-audit-verify --keys KEYS [--evidence NOTES] [--json] EXPORT.jsonl [EXPORT.jsonl.gz ...]
//
// The exit code is 0 if all is well, 20 to 26 by section 9 of the format, and 2 if the command itself fails.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/note"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/record"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/trail"
	"github.com/aegis-otel/aegis-otel/collector/components/internal/auditlog/verify"
)

func main() {
	code, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
	}
	os.Exit(code)
}

// failed is the exit code of a command that could not do its work.
const failed = 2

func run(arguments []string, out, usage io.Writer) (int, error) {
	flags := flag.NewFlagSet("aegis-audit-verify", flag.ContinueOnError)
	flags.SetOutput(usage)
	keysPath := flags.String("keys", "", "`file` of trusted keys; without it nothing can be OK")
	var evidencePaths paths
	flags.Var(&evidencePaths, "evidence", "`file` of signed notes by a witness; can be given several times")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	young := flags.Uint("accept-tail", 0, "accept the unproven records of a chain whose last one is younger than this many `seconds`")
	silence := flags.Uint("silence", uint(verify.DefaultSilence.Seconds()), "how many `seconds` a chain without an end may say nothing")
	asOf := flags.String("as-of", "", "verify as if it were this `time`, such as 2026-01-31T12:00:00.000Z; without it: now")
	flags.Usage = func() {
		fmt.Fprintln(usage, "usage: aegis-audit-verify [options] FOLDER | EXPORT ...")
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0, nil
		}
		return failed, nil // the flag package has said why
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return failed, errors.New("name the folder of a trail, or the files of an export")
	}
	options := verify.Options{AcceptYounger: time.Duration(*young) * time.Second, Silence: time.Duration(*silence) * time.Second}
	var err error
	if *asOf != "" {
		if options.AsOf, err = record.ParseTime(*asOf); err != nil {
			return failed, fmt.Errorf("--as-of: %w", err)
		}
	}
	if options.Keys, err = keysOf(*keysPath); err != nil {
		return failed, err
	}
	var evidence []byte
	for _, path := range evidencePaths {
		content, err := readBounded(path)
		if err != nil {
			return failed, err
		}
		evidence = append(evidence, content...)
	}
	result, err := verifyInput(flags.Args(), options, evidence)
	if err != nil {
		return failed, err
	}
	show := printText
	if *asJSON {
		show = printJSON
	}
	if err := show(out, result); err != nil {
		return failed, err
	}
	return result.State.Exit(), nil
}

type paths []string

func (p *paths) String() string { return "" }

func (p *paths) Set(path string) error {
	*p = append(*p, path)
	return nil
}

func keysOf(path string) (*note.Keys, error) {
	var content []byte
	if path != "" {
		var err error
		if content, err = readBounded(path); err != nil {
			return nil, err
		}
	}
	keys, err := note.ReadKeys(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// maxFile is the largest file of keys or evidence that is read.
const maxFile = 256 << 20

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	return content, err
}

func verifyInput(inputs []string, options verify.Options, evidence []byte) (*trail.Result, error) {
	info, err := os.Stat(inputs[0])
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return trail.VerifyExports(inputs, options, evidence)
	}
	if len(inputs) > 1 {
		return nil, errors.New("give one folder, or the files of one export")
	}
	return trail.VerifyFolder(inputs[0], options, evidence)
}

type jsonFinding struct {
	State  string `json:"state"`
	Chain  string `json:"chain,omitempty"`
	Seq    int64  `json:"seq"`
	File   string `json:"file,omitempty"`
	Line   int64  `json:"line,omitempty"`
	Reason string `json:"reason"`
}

type jsonChain struct {
	Chain    string        `json:"chain"`
	State    string        `json:"state"`
	Records  int64         `json:"records"`
	Proven   int64         `json:"proven"`
	First    *jsonFinding  `json:"first"`
	Findings []jsonFinding `json:"findings"`
}

type jsonReport struct {
	State      string        `json:"state"`
	Exit       int           `json:"exit"`
	First      *jsonFinding  `json:"first"`
	Records    int64         `json:"records"`
	Proven     int64         `json:"proven"`
	Duplicates int64         `json:"duplicates"`
	Unsealed   int64         `json:"unsealed"`
	SecretOnly bool          `json:"secret_only"`
	Warnings   []string      `json:"warnings"`
	Findings   []jsonFinding `json:"findings"`
	Chains     []jsonChain   `json:"chains"`
}

func findingOf(result *trail.Result, finding *verify.Finding) *jsonFinding {
	if finding == nil {
		return nil
	}
	shown := &jsonFinding{State: finding.State.String(), Seq: finding.Seq, Line: finding.Place.Line, Reason: finding.Reason}
	if finding.HasChain {
		shown.Chain = finding.Chain.String()
	}
	if file := int(finding.Place.File); file > 0 && file <= len(result.Files) {
		shown.File = result.Files[file-1]
	}
	return shown
}

func findingsOf(result *trail.Result, found []*verify.Finding) []jsonFinding {
	list := []jsonFinding{}
	for _, finding := range found {
		list = append(list, *findingOf(result, finding))
	}
	return list
}

func printJSON(out io.Writer, result *trail.Result) error {
	report := jsonReport{
		State: result.State.String(), Exit: result.State.Exit(), First: findingOf(result, result.First()),
		Records: result.Records, Proven: result.Proven, Duplicates: result.Duplicates, Unsealed: result.Unsealed,
		SecretOnly: result.SecretOnly, Warnings: append([]string{}, result.Warnings...),
		Findings: findingsOf(result, result.Found), Chains: []jsonChain{},
	}
	for i := range result.Chains {
		row := &result.Chains[i]
		report.Chains = append(report.Chains, jsonChain{
			row.Chain.String(), row.State.String(), row.Records, row.Proven, findingOf(result, row.First), findingsOf(result, row.Found),
		})
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

func printText(out io.Writer, result *trail.Result) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s: %d records in %d chains, %d proven\n", result.State, result.Records, len(result.Chains), result.Proven)
	if result.SecretOnly {
		fmt.Fprintln(&text, "Signed with HMAC: whoever can verify this trail can also forge it.")
	}
	for _, finding := range result.Found {
		line(&text, result, finding)
	}
	for i := range result.Chains {
		row := &result.Chains[i]
		fmt.Fprintf(&text, "chain %s: %s, %d records, %d proven\n", row.Chain, row.State, row.Records, row.Proven)
		if row.First != nil && row.First != row.Found[0] {
			line(&text, result, row.First)
		}
		for _, finding := range row.Found {
			line(&text, result, finding)
		}
	}
	if result.Unsealed > 0 {
		fmt.Fprintf(&text, "%d audit records have no seal\n", result.Unsealed)
	}
	if result.Duplicates > 0 {
		fmt.Fprintf(&text, "warning: %d records are there twice (DUPLICATE)\n", result.Duplicates)
	}
	for _, warning := range result.Warnings {
		fmt.Fprintf(&text, "warning: %s\n", warning)
	}
	_, err := out.Write(text.Bytes())
	return err
}

// line prints one finding. Its texts are quoted where they come from the input, so a terminal shows what is there.
func line(out io.Writer, result *trail.Result, finding *verify.Finding) {
	shown := findingOf(result, finding)
	where := ""
	if shown.File != "" {
		where = fmt.Sprintf(" (%.120q line %d)", shown.File, shown.Line)
	}
	if finding.HasChain {
		fmt.Fprintf(out, "  %s at record %d%s: %s\n", shown.State, shown.Seq, where, shown.Reason)
		return
	}
	fmt.Fprintf(out, "  %s%s: %s\n", shown.State, where, shown.Reason)
}
