// What to run: the settings, and which of them make no sense.

package loadgen

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// Protocol is how the generator talks to the server.
type Protocol string

const (
	// GRPC is gRPC over HTTP/2, without TLS by prior knowledge (h2c).
	GRPC Protocol = "grpc"
	// GRPCWeb is gRPC-Web over HTTP/1.1.
	GRPCWeb Protocol = "grpc-web"
	// JSON is the Connect protocol with JSON over HTTP/1.1.
	JSON Protocol = "json"
)

const (
	// MaxSats is the largest amount of a spend, and of a limit.
	MaxSats = 2_100_000_000_000_000
	// maxCallers bounds callers and connections, each of which costs memory.
	maxCallers = 10_000
	// maxKeys bounds the keys that a run makes.
	maxKeys = 1_000_000
	// maxBatch is the most operations that the server takes in a call.
	maxBatch = 1000
	// maxRate bounds the arrivals in a second.
	maxRate = 1_000_000
	// defaultGRPCConnections are enough that no one connection's lock is the bound.
	defaultGRPCConnections = 4
)

// Config is one run. Validate says what makes no sense in it.
type Config struct {
	// URL is the server's, such as http://127.0.0.1:8080.
	URL string
	// Token is the bearer token of the calls that are measured. Empty: none.
	Token string
	// Owner makes and revokes the keys, as the owner that they are to belong to.
	Owner satcapv1connect.ApiKeyServiceClient
	// Protocol of the calls that are measured.
	Protocol Protocol
	// Connections is how many TCP connections the callers share, 1 to 10,000. 0:
	// four with GRPC, else one for each caller, as HTTP/1.1 carries one call at a time.
	Connections int
	// Concurrency is how many callers there are, 1 to 10,000: the most calls that
	// can be under way at once.
	Concurrency int
	// Keys is how many keys to use, 1 to 1,000,000: the owner's active keys
	// bench-0001 and so on, which are made where they are not there.
	Keys int
	// KeyIDs are used instead, if there are any. The first one is the hot key.
	KeyIDs []string
	// HotShare is the share of the calls that go to the first key, 0 to 1. The
	// others share the rest evenly. With 0 all keys are alike.
	HotShare float64
	// Mix is how often each operation comes.
	Mix Mix
	// Batch is how many reservations a call of apply has, 1 to 1,000. Only read where
	// the mix has apply.
	Batch int
	// Duration of what is measured, more than 0.
	Duration time.Duration
	// Warmup comes before it, 0 or more, and is not measured.
	Warmup time.Duration
	// RatePerSecond is how many calls an open loop sends, up to 1,000,000. 0: a
	// closed loop.
	RatePerSecond float64
	// AmountSats of each spend, 1 to 2,100,000,000,000,000.
	AmountSats int64
	// KeepKeys leaves the keys that the run made, for the next run.
	KeepKeys bool
	// Timeout of each call, and of the calls that are still to be sent or answered
	// when the run ends.
	Timeout time.Duration
	// Progress is told now and then how far the run is. It must not block.
	Progress func(Progress)

	// wrap stands between the callers and the server, in tests.
	wrap func(target) target
	// patience is how long calls under way may still take after an interruption.
	patience time.Duration
}

// Validate names the flag of satcap bench that makes no sense.
func (c *Config) Validate() error {
	if err := c.validateKeys(); err != nil {
		return err
	}
	switch c.Protocol {
	case GRPC:
		if u, err := url.Parse(c.URL); err == nil && strings.Trim(u.Path, "/") != "" {
			return fmt.Errorf("--url must have no path with --protocol grpc, which has no place for one")
		}
	case GRPCWeb, JSON:
	default:
		return fmt.Errorf("--protocol must be grpc, grpc-web or json, not %q", c.Protocol)
	}
	switch {
	case c.Connections < 0 || c.Connections > maxCallers:
		return fmt.Errorf("--connections must be from 1 to %d", maxCallers)
	case c.Concurrency < 1 || c.Concurrency > maxCallers:
		return fmt.Errorf("--concurrency must be from 1 to %d", maxCallers)
	case c.Connections > c.Concurrency:
		return fmt.Errorf("--connections must not be more than --concurrency: a connection without a caller does nothing")
	case c.Mix.HasApply() && (c.Batch < 1 || c.Batch > maxBatch):
		return fmt.Errorf("--batch must be from 1 to %d", maxBatch)
	case c.Duration <= 0:
		return fmt.Errorf("--duration must be more than 0")
	case c.Warmup < 0:
		return fmt.Errorf("--warmup must not be negative")
	case !(c.RatePerSecond >= 0 && c.RatePerSecond <= maxRate):
		return fmt.Errorf("--rate must be more than 0 and at most %d, or be left out", maxRate)
	case c.AmountSats < 1 || c.AmountSats > MaxSats:
		return fmt.Errorf("--amount-sats must be from 1 to %d", int64(MaxSats))
	}
	return nil
}

func (c *Config) validateKeys() error {
	keys := c.Keys
	if len(c.KeyIDs) > 0 {
		keys = len(c.KeyIDs)
	}
	seen := make(map[string]bool)
	for _, id := range c.KeyIDs {
		if seen[id] {
			return fmt.Errorf("--key names %q twice", id)
		}
		seen[id] = true
	}
	switch {
	case keys < 1 || keys > maxKeys:
		return fmt.Errorf("--keys must be from 1 to %d", maxKeys)
	case math.IsNaN(c.HotShare) || c.HotShare < 0 || c.HotShare > 1:
		return fmt.Errorf("--hot-share must be from 0 to 1")
	case keys == 1 && c.HotShare > 0 && c.HotShare < 1:
		return fmt.Errorf("--hot-share needs at least two keys: with one key every call goes to it")
	case len(c.KeyIDs) > 0 && c.Mix.has(opVerify):
		return fmt.Errorf("--mix verify needs the secrets of the keys, and those of --key cannot be read: leave --key out")
	}
	return nil
}

// connections is how many there are to be.
func (c *Config) connections() int {
	switch {
	case c.Connections > 0:
		return c.Connections
	case c.Protocol == GRPC:
		return min(defaultGRPCConnections, c.Concurrency)
	default:
		return c.Concurrency
	}
}
