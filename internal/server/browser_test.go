// The dashboard in a real browser, where the test has to hold the server's clock
// or be the provider that people sign in at. All else is in cmd/satcap, against the
// program itself.

package server_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/browsertest"
	"github.com/satcap/satcap/internal/config"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/server"
)

var screenshots = flag.String("screenshots", "", "directory that TestScreenshots writes to, instead of one that is thrown away")

// clock runs, ahead of the true one or behind it.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// startAt serves with the clock, which a script moves by "ask clock DURATION":
// how far it shall be ahead.
func (c *clock) startAt(t *testing.T) (*running, map[string]func(string) string) {
	r := serveIt(t, settings(t), func(ctx context.Context, cfg config.Server, log *slog.Logger) (*server.Server, error) {
		return server.NewAt(ctx, cfg, log, c.now)
	})
	return r, map[string]func(string) string{"clock": func(arg string) string {
		ahead, err := time.ParseDuration(arg)
		if err != nil {
			return "nobody does that here: " + err.Error()
		}
		c.ahead.Store(int64(ahead))
		return c.now().UTC().Format(time.RFC3339)
	}}
}

// TestDashboardClock: capacity comes back as time goes by, and the page shows it
// without being asked.
func TestDashboardClock(t *testing.T) {
	r, asks := new(clock).startAt(t)
	browsertest.Script{Name: "clock", Steps: 3, URL: "http://" + r.Addr(), Token: token, Asks: asks}.Run(t)
}

// TestDashboardOIDC: people sign in at a provider, on another site.
func TestDashboardOIDC(t *testing.T) {
	p := newProvider(t)
	cfg := settings(t)
	free, err := net.Listen("tcp", "127.0.0.1:0") // the server has to know its port before it has it
	require.NoError(t, err)
	cfg.Listen = free.Addr().String()
	require.NoError(t, free.Close())
	cfg.OIDC.Issuer, cfg.OIDC.ClientID, cfg.PublicURL = p.URL, "satcap", "http://"+strings.Replace(cfg.Listen, "127.0.0.1", "localhost", 1)
	r := serveIt(t, cfg, server.New)
	browsertest.Script{Name: "oidc", Steps: 2, URL: cfg.PublicURL, Env: []string{"PROVIDER=" + p.URL}}.Run(t)
	require.NotContains(t, r.log.String(), "good", "the code is not logged")
}

// TestScreenshots makes the pictures of the documentation. They are looked at by
// people; here it is enough that they can be made.
func TestScreenshots(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	dir := *screenshots
	if dir == "" {
		dir = t.TempDir()
	}
	dir, err := filepath.Abs(dir)
	require.NoError(t, err)
	r, asks := new(clock).startAt(t)
	// A server writes down only twice a minute when keys were last used.
	asks["used"] = func(arg string) string {
		id, hours, _ := strings.Cut(arg, " ")
		key, err := uuid.Parse(id)
		ago, wrong := time.ParseDuration(hours)
		if err = errors.Join(err, wrong); err == nil {
			err = r.Store().TouchKeys(t.Context(), map[ledger.KeyID]int64{ledger.KeyID(key): time.Now().Add(-ago).UnixMicro()})
		}
		return fmt.Sprint(err)
	}
	browsertest.Script{Name: "screenshots", Steps: 6, URL: "http://" + r.Addr(), Token: token, Asks: asks, Env: []string{"SCREENSHOTS=" + dir}}.Run(t)
	made, err := filepath.Glob(filepath.Join(dir, "*.png"))
	require.NoError(t, err)
	require.Len(t, made, 20)
}
