// The dashboard that is built into the real program, in a real browser.

package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/browsertest"
)

// dashboardScripts are those of web/e2e that need the program and nothing else,
// with how many steps each has. Those that depend on the database run on both, and
// they alone are among the quick tests.
var dashboardScripts = []struct {
	name  string
	steps int
	both  bool
}{
	{"walk", 8, true},
	{"edit", 9, true},
	{"outage", 3, true},
	{"keyboard", 7, false},
	{"plain", 2, false},
	{"keys", 5, false},
	{"looks", 6, false},
	{"tabs", 7, false},
	{"origins", 4, false},
	{"signin", 9, false},
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	for name, newDatabase := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, script := range dashboardScripts {
				if script.both || name == "SQLite" && !testing.Short() {
					t.Run(script.name, func(t *testing.T) {
						t.Parallel()
						showDashboard(t, newDatabase(t), script.name, script.steps)
					})
				}
			}
		})
	}
}

// signInLink is the link that serve prints.
var signInLink = regexp.MustCompile(`(?m)^sign in to the dashboard, once: (\S+)$`)

// showDashboard runs a script against a server on db.
func showDashboard(t *testing.T, db, name string, steps int) {
	t.Helper()
	p := serve(t, db)
	address := strings.TrimPrefix(p.url, "http://")
	browsertest.Script{Name: name, Steps: steps, URL: p.url, Token: p.token, Asks: map[string]func(string) string{
		"kill": func(string) string { p.kill(); return "killed" },
		"back": func(string) string { p = serve(t, db, "--listen", address); return p.url },
		"link": func(string) string { return signInLink.FindStringSubmatch(p.stderr.String())[1] },
		// Another server, with flags of its own.
		"serve": func(flags string) string { return serve(t, engines["SQLite"](t), strings.Fields(flags)...).url },
	}}.Run(t)
	require.Zero(t, p.terminate(), p.stderr.String())
	verifyClean(t, db)
}
