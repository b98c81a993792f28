package aegisotlphttp

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"
)

// Config of the exporter.
type Config struct {
	// ClientConfig is upstream's HTTP client: TLS, headers, compression, authentication, timeout. Its
	// endpoint is the whole URL that takes OTLP logs. Headers without a value are not sent.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// Queue is where records wait.
	Queue QueueConfig `mapstructure:"queue"`
	// Batch says how much goes into one request.
	Batch BatchConfig `mapstructure:"batch"`
	// Settle is for a store that acknowledges records before they are on its disk.
	Settle SettleConfig `mapstructure:"settle"`
	// Retry says how long to wait before the next try; there is no last one.
	Retry RetryConfig `mapstructure:"retry"`
	// DeadLetter keeps what the store refuses for good.
	DeadLetter DeadLetterConfig `mapstructure:"dead_letter"`
}

// QueueConfig describes the queue on disk.
type QueueConfig struct {
	// Directory holds the queues; each exporter has a folder of its own in it.
	Directory string `mapstructure:"directory"`
	// MaxMegabytes is how much may wait; senders wait when it is reached.
	MaxMegabytes int64 `mapstructure:"max_megabytes"`
	// Fsync makes each batch safe on disk before it is acknowledged.
	Fsync bool `mapstructure:"fsync"`
}

// BatchConfig says when a request is sent, and how large it may be.
type BatchConfig struct {
	// MinBytes are waited for before a request is sent …
	MinBytes int `mapstructure:"min_bytes"`
	// … but not longer than FlushTimeout.
	FlushTimeout time.Duration `mapstructure:"flush_timeout"`
	// MaxBytes is the size of a request before compression; only a single record may be larger.
	MaxBytes int `mapstructure:"max_bytes"`
	// MaxRecords is how many records a request has at most, and so how many a crash can repeat.
	MaxRecords int `mapstructure:"max_records"`
}

// RetryConfig describes the waiting time between tries, which doubles from one to the next.
type RetryConfig struct {
	InitialInterval time.Duration `mapstructure:"initial_interval"`
	MaxInterval     time.Duration `mapstructure:"max_interval"`
}

// SettleConfig describes how long acknowledged requests are kept, to be sent again if the store dies meanwhile.
type SettleConfig struct {
	// Time is after how long the store has written for sure what it acknowledged; with 0 nothing is kept.
	Time time.Duration `mapstructure:"time"`
	// MetricsURL serves the store's metrics in Prometheus' text format, among them process_start_time_seconds, by which
	// it is seen that the store was started again.
	MetricsURL string `mapstructure:"metrics_url"`
}

// DeadLetterConfig says where refused batches go.
type DeadLetterConfig struct {
	// Directory holds one file of OTLP JSON lines for each exporter.
	Directory string `mapstructure:"directory"`
	// MaxMegabytes is the size at which the file is rotated.
	MaxMegabytes int64 `mapstructure:"max_megabytes"`
	// MaxFiles is how many rotated files are kept; 0 keeps all.
	MaxFiles int `mapstructure:"max_files"`
}

// Validate checks the configuration.
func (c *Config) Validate() error {
	var failures []error
	require := func(ok bool, format string, values ...any) {
		if !ok {
			failures = append(failures, fmt.Errorf(format, values...))
		}
	}
	require(isHTTP(c.ClientConfig.Endpoint), "endpoint %q: must be an http or https URL", c.ClientConfig.Endpoint)
	require(c.Settle.Time >= 0, "settle::time must not be negative")
	require(c.Settle.Time == 0 || isHTTP(c.Settle.MetricsURL),
		"settle::metrics_url %q: must be an http or https URL", c.Settle.MetricsURL)
	require(c.Queue.Directory != "", "queue::directory must be given")
	require(c.Queue.MaxMegabytes > 0, "queue::max_megabytes must be positive")
	require(c.Batch.MaxBytes > 0, "batch::max_bytes must be positive")
	require(c.Batch.MaxRecords > 0, "batch::max_records must be positive")
	require(c.Batch.MinBytes >= 0 && c.Batch.MinBytes <= c.Batch.MaxBytes,
		"batch::min_bytes must be from 0 to max_bytes")
	require(c.Batch.FlushTimeout >= 0, "batch::flush_timeout must not be negative")
	require(c.Retry.InitialInterval > 0 && c.Retry.MaxInterval >= c.Retry.InitialInterval,
		"retry: initial_interval must be positive and max_interval not below it")
	require(c.DeadLetter.Directory != "", "dead_letter::directory must be given")
	require(c.DeadLetter.MaxMegabytes > 0, "dead_letter::max_megabytes must be positive")
	require(c.DeadLetter.MaxFiles >= 0, "dead_letter::max_files must not be negative")
	return errors.Join(failures...)
}

func isHTTP(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && parsed.Host != "" && (parsed.Scheme == "http" || parsed.Scheme == "https")
}
