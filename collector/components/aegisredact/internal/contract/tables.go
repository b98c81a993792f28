// Code generated from contract/ by `python -m tools.contract`. DO NOT EDIT.

// Package contract holds the limits, words and tables that all engines of redaction share.
package contract

// Limits, as contract/redaction/limits.yaml explains them.
const MaxDepth = 32
const MaxText = 4194304
const MaxNodes = 200000
const MaxTexts = 10000
const NeighbourDepth = 4
const NeighbourValues = 16
const MaxRounds = 8
const BudgetFloor = 1000000
const BudgetFactor = 20
const PairKey = 64
const PairWords = 3
const Parenthesis = 32
const Index = 8
const ValueWords = 8
const Call = 200
const URLUser = 256
const MaxKey = 128
const GluedName = 6
const NeutralWords = 2
const SmallestNumber = 100000000
const CheckedDigits = 9
const HashBytes = 8
const Repeated = 64
const RepeatedLength = 512
const Command = 65536
const RestWords = 4
const LargestNumber float64 = 1e40

// Words.
var Schemes = []string{"bearer", "basic", "digest", "token", "negotiate", "ntlm", "apikey", "hawk", "oauth", "aws4-hmac-sha256"}
var LineSchemes = []string{"digest", "hawk", "oauth", "aws4-hmac-sha256"}
var Months = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
var NameFields = []string{"name", "key", "header", "field", "param", "system", "code", "type", "variable", "attribute"}
var ValueFields = []string{"value", "val", "values", "content", "data"}
var Common = []string{"number", "code", "name", "id", "key", "no", "num", "value", "address", "line", "access", "service", "app", "home", "work", "of", "order", "user", "http", "https", "text", "call", "contact", "login", "type", "date"}
var AuditWhoKinds = []string{"email", "phone"}
var Strong = []string{"password", "passwd", "pwd", "passphrase", "passcode", "secret", "client secret", "secret key", "token", "access token", "refresh token", "auth token", "api token", "session token", "bearer token", "jwt", "api key", "apikey", "access key", "accesskey", "private key", "privatekey", "signing key", "encryption key", "master key", "service key", "auth key", "api secret", "webhook secret", "credential", "credentials", "creds"}
var HarmlessRest = []string{"policy", "policies", "rule", "rules", "count", "counter", "total", "length", "len", "size", "min", "max", "minimum", "maximum", "limit", "quota", "budget", "usage", "used", "cost", "price", "rate", "ratio", "score", "strength", "entropy", "complexity", "weight", "index", "position", "offset", "order", "number", "num", "expired", "expires", "expire", "expiry", "expiration", "exp", "expiring", "ttl", "lifetime", "age", "days", "hours", "minutes", "seconds", "sec", "secs", "ms", "timeout", "time", "date", "day", "at", "on", "since", "until", "before", "after", "ago", "timestamp", "created", "updated", "changed", "modified", "issued", "iat", "rotated", "rotation", "rotate", "revoked", "revocation", "revoke", "refreshed", "renewed", "renewal", "reset", "resets", "change", "changes", "update", "create", "generate", "generated", "generator", "generation", "verify", "verified", "verification", "validate", "validated", "validation", "validator", "valid", "validity", "invalid", "check", "checked", "checks", "required", "requires", "require", "needed", "missing", "present", "exists", "found", "set", "unset", "empty", "provided", "supplied", "given", "sent", "received", "enabled", "disabled", "enable", "disable", "active", "inactive", "allowed", "denied", "accepted", "rejected", "failed", "failure", "failures", "fail", "success", "succeeded", "error", "errors", "status", "state", "result", "reason", "message", "warning", "attempt", "attempts", "tries", "retry", "retries", "locked", "lock", "type", "types", "kind", "class", "category", "format", "algorithm", "alg", "algo", "method", "mode", "strategy", "scheme", "protocol", "encoding", "version", "id", "ids", "identifier", "uid", "uuid", "ref", "reference", "arn", "name", "names", "alias", "label", "title", "description", "desc", "comment", "note", "hint", "help", "placeholder", "prompt", "question", "field", "fields", "column", "attribute", "property", "param", "parameter", "variable", "url", "uri", "link", "href", "endpoint", "host", "server", "path", "file", "filename", "folder", "dir", "directory", "location", "source", "store", "storage", "manager", "management", "vault", "provider", "service", "issuer", "audience", "owner", "user", "username", "email", "account", "tenant", "scope", "scopes", "role", "roles", "permission", "permissions", "claims", "feature", "option", "options", "config", "configuration", "setting", "settings", "page", "screen", "form", "view", "button", "dialog", "template", "flow", "step", "stage", "request", "response", "requests", "responses", "exchange", "event", "events", "log", "audit", "history", "last", "previous", "next", "first", "cache", "cached", "hit", "hits", "miss", "pool", "bucket", "ring", "family", "group", "groups", "list", "less", "free", "based", "only", "protected", "handler", "function", "module", "package", "library", "script", "schema", "table", "model", "models", "tokenizer", "limiter", "mask", "masked", "redacted", "hidden", "visible", "visibility", "match", "matches", "mismatch", "same", "equal", "equals", "is", "has", "was", "not", "no", "per", "and", "or", "for", "of", "to", "in", "by", "from", "santa", "bytes", "chars", "characters", "digits", "words", "sharing"}
var FHIRCodes = map[string]string{"MR": "mrn", "SS": "ssn", "DL": "license", "PPN": "passport"}
var HumanNameMembers = []string{"family", "given"}

// FHIR's HumanName: the member that is a name next to one of HumanNameMembers, and its kind.
const HumanNameText = "text"
const HumanNameKind = "name"

// Issuer is a range of first digits of cards, all of one length, and how many digits such a card has.
type Issuer struct {
	Digits, Least, Most int
	Lengths             []int
}

// What the checks know.
var Issuers = []Issuer{
	{1, 4, 4, []int{13, 16, 19}},
	{2, 51, 55, []int{16}},
	{4, 2221, 2720, []int{16}},
	{4, 2200, 2204, []int{16}},
	{2, 34, 34, []int{15}},
	{2, 37, 37, []int{15}},
	{4, 6011, 6011, []int{16, 17, 18, 19}},
	{2, 60, 60, []int{16, 17, 18, 19}},
	{2, 62, 62, []int{16, 17, 18, 19}},
	{2, 64, 64, []int{16, 17, 18, 19}},
	{2, 65, 65, []int{16, 17, 18, 19}},
	{2, 81, 81, []int{16, 17, 18, 19}},
	{4, 3528, 3589, []int{16, 17, 18, 19}},
	{3, 300, 305, []int{14, 15, 16, 17, 18, 19}},
	{2, 36, 36, []int{14, 15, 16, 17, 18, 19}},
	{2, 38, 38, []int{14, 15, 16, 17, 18, 19}},
	{2, 39, 39, []int{14, 15, 16, 17, 18, 19}},
	{2, 50, 50, []int{13, 14, 15, 16, 17, 18, 19}},
	{2, 56, 56, []int{13, 14, 15, 16, 17, 18, 19}},
	{2, 57, 57, []int{13, 14, 15, 16, 17, 18, 19}},
	{2, 58, 58, []int{13, 14, 15, 16, 17, 18, 19}},
	{2, 63, 63, []int{13, 14, 15, 16, 17, 18, 19}},
	{2, 67, 67, []int{13, 14, 15, 16, 17, 18, 19}},
}

// NoArea are ranges of three digits that no area has.
var NoArea = [][2]string{{"000", "199"}, {"200", "200"}, {"300", "300"}, {"400", "400"}, {"211", "211"}, {"311", "311"}, {"411", "411"}, {"511", "511"}, {"611", "611"}, {"711", "711"}, {"811", "811"}, {"911", "911"}}
var IDLengths = []int{16, 32, 40, 48, 56, 64, 96, 128}
var NumberChecks = []string{"edge", "luhn", "ssn", "phone", "nanp", "phone_hint", "ipv4"}
var NotMailLocals = []string{"git", "hg", "svn"}
var NotMailDomains = []string{"png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "mjs", "ts", "tsx", "jsx", "json", "html", "xml", "yaml", "yml", "py", "rb", "go", "rs", "java", "gz", "tgz", "zip", "tar", "whl", "jar", "service", "socket", "target", "timer", "slice", "scope", "mount", "device", "path", "swap"}

// CheckWeights: the weighted sum of a number's digits is a multiple of the modulus.
var CheckWeights = map[string]struct {
	Weights []int
	Modulus int
}{
	"aba": {[]int{3, 7, 1, 3, 7, 1, 3, 7, 1}, 10},
	"dea": {[]int{1, 2, 1, 2, 1, 2, 9}, 10},
	"vin": {[]int{8, 7, 6, 5, 4, 3, 2, 10, 10, 9, 8, 7, 6, 5, 4, 3, 2}, 11},
}

// LuhnHeads: the digits with a head before them pass Luhn's test; how many there are.
var LuhnHeads = map[string]struct {
	Head   string
	Length int
}{
	"npi": {"80840", 10},
	"imei": {"", 15},
}

// Letters of a VIN with their values, the place of its check digit, and the letters that it has at least.
var VINLetters = map[byte]int{'A': 1, 'B': 2, 'C': 3, 'D': 4, 'E': 5, 'F': 6, 'G': 7, 'H': 8, 'J': 1, 'K': 2, 'L': 3, 'M': 4, 'N': 5, 'P': 7, 'R': 9, 'S': 2, 'T': 3, 'U': 4, 'V': 5, 'W': 6, 'X': 7, 'Y': 8, 'Z': 9}
const VINCheck, VINLeastLetters = 8, 2

// AreaStarts begin the area of a North American telephone number.
const AreaStarts = "23456789"

// BetweenDigits may stand between the digits of a number.
const BetweenDigits = " ().-/_+"

// ScreenShort: a name of so many letters counts only at the end of a word.
const ScreenShort = 4

// What makes a text opaque.
const OpaqueCharacters = "0123456789!@#$%^&*+=~\\"
const OpaqueLeast = 6
const OpaqueLong = 20
const LongestID = 128

// Characters are a range of code points and what they count as; see contract/redaction/folding.yaml.
type Characters struct {
	First, Last rune
	To          string
}

// Folding.
var Entities = map[string]string{"quot": "\"", "apos": "'", "lt": "<", "gt": ">", "amp": "&", "nbsp": " "}

var Deleted = []Characters{
	{0xAD, 0xAD, ""},
	{0x34F, 0x34F, ""},
	{0x61C, 0x61C, ""},
	{0x180E, 0x180E, ""},
	{0x200B, 0x200F, ""},
	{0x202A, 0x202E, ""},
	{0x2060, 0x206F, ""},
	{0xFE00, 0xFE0F, ""},
	{0xFEFF, 0xFEFF, ""},
}

var Replaced = []Characters{
	{0xA0, 0xA0, " "},
	{0x1680, 0x1680, " "},
	{0x2000, 0x200A, " "},
	{0x202F, 0x202F, " "},
	{0x205F, 0x205F, " "},
	{0x3000, 0x3000, " "},
	{0x2010, 0x2015, "-"},
	{0x2212, 0x2212, "-"},
	{0xFE58, 0xFE58, "-"},
	{0xFE63, 0xFE63, "-"},
	{0x2018, 0x2018, "'"},
	{0x2019, 0x2019, "'"},
	{0x201A, 0x201A, "'"},
	{0x201B, 0x201B, "'"},
	{0x2032, 0x2032, "'"},
	{0x201C, 0x201C, "\""},
	{0x201D, 0x201D, "\""},
	{0x201E, 0x201E, "\""},
	{0x201F, 0x201F, "\""},
	{0x2033, 0x2033, "\""},
	{0xAB, 0xAB, "\""},
	{0xBB, 0xBB, "\""},
	{0xFE55, 0xFE55, ":"},
	{0xA789, 0xA789, ":"},
	{0x2236, 0x2236, ":"},
	{0x2024, 0x2024, "."},
	{0xFE52, 0xFE52, "."},
	{0x3002, 0x3002, "."},
	{0xFE6B, 0xFE6B, "@"},
	{0xB9, 0xB9, "1"},
	{0xB2, 0xB2, "2"},
	{0xB3, 0xB3, "3"},
}

var Rows = []Characters{
	{0xFF01, 0xFF5E, "!"},
	{0x2070, 0x2070, "0"},
	{0x2074, 0x2079, "4"},
	{0x2080, 0x2089, "0"},
}

// The mathematical letters, and what every other letter counts as.
const FirstAlphabet, LastAlphabet = rune(0x1D400), rune(0x1D6A3)
const Letter = "x"
