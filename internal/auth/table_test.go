// The table against the server, both ways, and what a grant reaches. Who may
// call what over the wire is tested in package rpc.

package auth_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/rpc"
)

// TestTableIsComplete: every procedure that a server serves stands in the table,
// and nothing else does.
func TestTableIsComplete(t *testing.T) {
	t.Parallel()
	var served []string
	for spec := range rpc.NewServer(rpc.Config{}).Specs() {
		served = append(served, spec.Procedure)
	}
	slices.Sort(served)
	require.NotEmpty(t, served)
	require.Equal(t, served, auth.Listed())
}

// TestPermit by every set of kinds, the rule written out again.
func TestPermit(t *testing.T) {
	t.Parallel()
	reads := []string{"GetApiKey", "ListApiKeys", "ListLimitChanges"}
	for _, procedure := range auth.Listed() {
		service, method, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(procedure, "/"), "satcap.v1."), "/")
		var allowed auth.Kinds
		switch service {
		case "ApiKeyService", "LimitService":
			allowed = auth.OwnerWrites
			if slices.Contains(reads, method) {
				allowed = auth.OwnerReads
			}
		case "UsageService":
			allowed = auth.OwnerReads | auth.KeyItself | auth.ServiceReads
		case "SpendService", "services.api_keys.v1.ApiKeysService":
			allowed = auth.ServiceSpends
		case "AuthService":
			allowed = auth.ServiceVerifies
		default:
			t.Fatalf("nobody wrote down here who may call %s", service)
		}
		for kinds := range auth.Owner | auth.KeyItself | auth.Service + 1 {
			_, err := auth.Permit(procedure, auth.Caller{Kinds: kinds, Subject: "alice"})
			if kinds&allowed == 0 {
				require.ErrorIs(t, err, auth.ErrPermissionDenied, "%s as %b", procedure, kinds)
			} else {
				require.NoError(t, err, "%s as %b", procedure, kinds)
			}
		}
	}
	_, err := auth.Permit("/satcap.v1.UsageService/GetUsage", auth.Caller{Kinds: auth.Owner})
	require.ErrorIs(t, err, auth.ErrPermissionDenied, "an owner without a name would own every key")
	nameless, err := auth.Permit("/satcap.v1.UsageService/GetUsage", auth.Caller{Kinds: auth.Owner | auth.KeyItself, KeyID: ledger.KeyID{1}})
	require.NoError(t, err)
	_, err = nameless.Key(ledger.KeyID{2})
	require.ErrorIs(t, err, ledger.ErrKeyNotFound)
	for _, unlisted := range []string{"", "/", "/satcap.v1.SpendService/", "/satcap.v1.SpendService/reservespend", "satcap.v1.SpendService/ReserveSpend"} {
		_, err := auth.Permit(unlisted, auth.Caller{Kinds: auth.Owner | auth.KeyItself | auth.Service})
		require.ErrorIs(t, err, auth.ErrUnlisted, unlisted)
	}
}

// TestGrantReaches: any key as a service, an owner's key as that owner, and only
// itself as a key.
func TestGrantReaches(t *testing.T) {
	t.Parallel()
	const usage = "/satcap.v1.UsageService/GetUsage"
	self, other := ledger.KeyID{1}, ledger.KeyID{2}
	grant := func(procedure string, kinds auth.Kinds) auth.Grant {
		g, err := auth.Permit(procedure, auth.Caller{Kinds: kinds, Subject: "alice", KeyID: self})
		require.NoError(t, err)
		return g
	}
	ref, err := grant(usage, auth.Service).Key(other)
	require.NoError(t, err)
	require.Equal(t, ledger.KeyRef{KeyID: other}, ref)
	ref, err = grant(usage, auth.Owner).Key(other)
	require.NoError(t, err)
	require.Equal(t, ledger.KeyRef{KeyID: other, Subject: "alice"}, ref, "the engine compares the subject")
	ref, err = grant(usage, auth.KeyItself).Key(self)
	require.NoError(t, err)
	require.Equal(t, ledger.KeyRef{KeyID: self}, ref)
	_, err = grant(usage, auth.KeyItself).Key(other)
	require.ErrorIs(t, err, ledger.ErrKeyNotFound)
	_, err = grant(usage, auth.KeyItself).Key(ledger.KeyID{})
	require.ErrorIs(t, err, ledger.ErrKeyNotFound)

	// Who is both an owner and a service acts as an owner where only owners may.
	ref, err = grant("/satcap.v1.LimitService/UpdateLimits", auth.Owner|auth.Service).Key(other)
	require.NoError(t, err)
	require.Equal(t, "alice", ref.Subject)

	// Without a grant nothing is in reach.
	_, err = auth.GrantOf(context.Background()).Key(ledger.KeyID{})
	require.ErrorIs(t, err, ledger.ErrKeyNotFound)
	g := grant(usage, auth.Owner)
	require.Equal(t, g, auth.GrantOf(auth.WithGrant(context.Background(), g)))
	require.Equal(t, ledger.Actor{Subject: "alice", Authentication: "a"}, auth.Caller{Subject: "alice", Authentication: "a"}.Actor())
}
