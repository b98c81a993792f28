// Healthcheck asks the Collector's health_check extension whether it works, for an image that has no shell and no curl.
// It exits with 0 if the answer at AEGIS_HEALTH_ENDPOINT (127.0.0.1:13133) is 200, else with 1 and the reason on stderr.
package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	endpoint := "http://" + cmp.Or(os.Getenv("AEGIS_HEALTH_ENDPOINT"), "127.0.0.1:13133")
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(endpoint)
	if err != nil {
		fail(err.Error())
	}
	if response.StatusCode != http.StatusOK {
		fail(endpoint + " answered " + response.Status)
	}
}

func fail(reason string) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}
