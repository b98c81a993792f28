package aegisguard

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// AllowVariable names receivers, by their ids and separated by commas, that may listen without asking who sends.
const AllowVariable = "AEGIS_ALLOW_UNAUTHENTICATED"

// openReceivers returns an error for each address that other machines reach and at which nobody asks who sends.
func (c converter) openReceivers(settings map[string]any) []error {
	receivers, _ := settings["receivers"].(map[string]any)
	allowed := named(AllowVariable)
	var refusals []error
	for _, id := range slices.Sorted(maps.Keys(receivers)) {
		for _, open := range openAddresses(receivers[id], []string{"receivers", id}) {
			if allowed[strings.TrimSpace(id)] {
				c.logger.Warn("Anyone who reaches this receiver can write records: "+AllowVariable+" allows it.",
					zap.String("receiver", id), zap.String("address", open.address))
				continue
			}
			refusals = append(refusals, open.refusal(id))
		}
	}
	return refusals
}

// listener is an address that others can reach, and where the configuration has it.
type listener struct {
	path    string
	address string
}

func (l listener) refusal(id string) error {
	return fmt.Errorf("%s: %q can be reached by other machines, and nothing there says who may send. Either have"+
		" senders show a token (auth::authenticator; for OTLP receive-token.yaml with AEGIS_OTLP_TOKEN or"+
		" AEGIS_OTLP_TOKEN_FILE, which they present with OTEL_EXPORTER_OTLP_HEADERS=\"authorization=Bearer%%20<token>\"),"+
		" or a certificate (tls::client_ca_file; for OTLP receive-tls.yaml with AEGIS_OTLP_CLIENT_CA_FILE), or listen on"+
		" 127.0.0.1. Where something else keeps strangers away, allow it with %s=%s",
		l.path, l.address, AllowVariable, id)
}

// openAddresses returns what is open to others in a receiver's settings, at any depth.
func openAddresses(settings any, path []string) []listener {
	var found []listener
	switch settings := settings.(type) {
	case map[string]any:
		guarded := asksWhoSends(settings) || isLocalTransport(settings["transport"])
		for _, key := range slices.Sorted(maps.Keys(settings)) {
			value, at := settings[key], append(slices.Clone(path), key)
			if !isAddress(key) {
				found = append(found, openAddresses(value, at)...)
				continue
			}
			if guarded {
				continue
			}
			for _, address := range addresses(value) {
				if !isLocal(address) {
					found = append(found, listener{strings.Join(at, "::"), address})
				}
			}
		}
	case []any:
		for i, item := range settings {
			found = append(found, openAddresses(item, append(slices.Clone(path), fmt.Sprint(i)))...)
		}
	}
	return found
}

// isAddress tells by its name whether a setting is where a receiver listens: endpoint, listen_address, ….
func isAddress(key string) bool {
	key = strings.ToLower(key)
	for _, ending := range []string{"endpoint", "endpoints", "address", "addresses", "addr"} {
		if strings.HasSuffix(key, ending) {
			return true
		}
	}
	return false
}

// addresses are the values of such a setting; none where it is absent, so that the receiver's own default holds. The
// receivers of this Collector have localhost as theirs, or none.
func addresses(value any) []string {
	switch value := value.(type) {
	case nil:
		return nil
	case []any:
		var texts []string
		for _, item := range value {
			texts = append(texts, fmt.Sprint(item))
		}
		return texts
	default:
		return []string{fmt.Sprint(value)}
	}
}

// asksWhoSends tells whether settings hold an authenticator, or an authority whose certificates senders must show.
func asksWhoSends(settings map[string]any) bool {
	auth, _ := settings["auth"].(map[string]any)
	if authenticator, _ := auth["authenticator"].(string); strings.TrimSpace(authenticator) != "" {
		return true
	}
	tls, _ := settings["tls"].(map[string]any)
	authority, _ := tls["client_ca_file"].(string)
	return authority != ""
}

func isLocalTransport(transport any) bool {
	switch transport {
	case "unix", "unixgram", "unixpacket", "npipe":
		return true
	}
	return false
}

// isLocal tells whether only this machine reaches an address. A name other than localhost may mean anything, today or
// tomorrow, so it counts as open; so does an empty host, which means all addresses.
func isLocal(address string) bool {
	if strings.HasPrefix(address, "/") || strings.HasPrefix(address, "unix://") {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
