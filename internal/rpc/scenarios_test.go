// One suite of scenarios, run through every protocol on both databases, and at
// the end of each run a look at what was logged.

package rpc_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scenarios are functions over a server and a client. Each begins at the same
// moment with a subject of its own.
var scenarios = map[string]func(*env){
	"ALifeOfSpends":     aLifeOfSpends,
	"Refusals":          refusals,
	"Replays":           replays,
	"ClosedSpends":      closedSpends,
	"Overtaken":         overtaken,
	"Transactions":      transactions,
	"Flags":             flags,
	"TTL":               ttl,
	"OtherKeys":         otherKeys,
	"Amounts":           amounts,
	"CapacityComesBack": capacityComesBack,
	"NextRelease":       nextRelease,
	"HoldExpires":       holdExpires,
	"Check":             check,
	"Limits":            limits,
	"LimitsRefused":     limitsRefused,
	"LimitRevisions":    limitRevisions,
	"LimitHistory":      limitHistory,
	"ConcurrentLimits":  concurrentLimits,
	"NewKey":            newKey,
	"RequestIDs":        requestIDs,
	"KeyStates":         keyStates,
	"KeyExpiry":         keyExpiry,
	"Rename":            rename,
	"Rotate":            rotate,
	"RotateGrace":       rotateGrace,
	"RotateAgain":       rotateAgain,
	"Verify":            verify,
	"ListKeys":          listKeys,
	"ListSpends":        listSpends,
	"PageTokens":        pageTokens,
	"ErrorOrder":        errorOrder,
	"SpendSeries":       spendSeries,
	"Batch":             batch,
	"BatchTwice":        batchTwice,
	"BatchSizes":        batchSizes,
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for database := range databases {
		for protocol, newClient := range clients {
			if database == "postgres" && (protocol == "grpc" || protocol == "connect-json") {
				continue // the same wire by another client: once is enough
			}
			t.Run(database+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, database, nil)
				c, made := newClient(t, s.url), &calls{}
				for name, scenario := range scenarios {
					t.Run(name, func(t *testing.T) {
						s.clock.Store(start)
						scenario(&env{t: t, s: s, c: c, subject: "subject of " + name, made: made})
					})
				}
				if !t.Failed() {
					requireLogged(t, s, made)
				}
			})
		}
	}
}

// requireLogged checks that each call gave one record, and that nothing secret
// is in any.
func requireLogged(t *testing.T, s *server, made *calls) {
	t.Helper()
	records := map[string]map[string]any{}
	for _, r := range s.logs.records(t, "call") {
		id, ok := r["request_id"].(string)
		require.True(t, ok, r)
		require.False(t, records[id] != nil, "two records of %s", id)
		records[id] = r
	}
	require.Equal(t, len(made.list), len(records))
	for _, m := range made.list {
		r := records[m.requestID]
		require.NotNil(t, r, "no record of %v", m)
		require.Equal(t, m.procedure, r["rpc"])
		require.Equal(t, m.code, r["code"], r)
		require.IsType(t, float64(0), r["duration_us"])
		require.Equal(t, m.code != "ok", r["reason"] != nil, r)
		switch {
		case m.keyID == "", m.code == "unauthenticated", m.code == "permission_denied": // not read
			require.NotContains(t, r, "api_key_id", m)
		default:
			require.Equal(t, m.keyID, r["api_key_id"], m)
		}
	}
	require.NotEmpty(t, made.secrets)
	text := s.logs.String()
	for _, secret := range made.secrets {
		require.False(t, strings.Contains(text, secret[len("satcap_"):len("satcap_")+16]), "a part of a secret is in the log")
	}
	require.False(t, strings.Contains(text, serviceToken), "a token is in the log")
	require.Empty(t, regexp.MustCompile(`(?i)bearer|authorization|owner:|key:`).FindString(text))
}
