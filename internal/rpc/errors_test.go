// Every reason is produced, with its code and status, and says no more than was
// written for callers.

package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// TestEveryReason has a case for every reason of the promised table.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	internals := errors.New(`sqlite: SELECT secret FROM api_key: no such table (/var/lib/satcap.db)`)
	read := func(cause error) func(*testing.T, *faults) *failure {
		return func(_ *testing.T, f *faults) *failure {
			f.store.set(&f.store.view, always(fmt.Errorf("%w: %w", cause, internals)))
			return f.usage(f.key).f
		}
	}
	cases := map[string][]func(*testing.T, *faults) *failure{
		"SPENDING_LIMIT_EXCEEDED": {func(_ *testing.T, f *faults) *failure { return f.reserve(f.key, "a", 101).f }},
		"INVALID_ARGUMENT": {func(_ *testing.T, f *faults) *failure { return f.reserve(f.key, "a", 0).f },
			func(_ *testing.T, f *faults) *failure {
				return f.create(&satcapv1.CreateApiKeyRequest{ExpireTime: timestamppb.New(timeOf(start))}).f
			},
			func(_ *testing.T, f *faults) *failure {
				return f.listKeys(&satcapv1.ListApiKeysRequest{PageToken: "AAAA"}).f
			}},
		"API_KEY_NOT_FOUND": {func(_ *testing.T, f *faults) *failure { return f.usage(strings.Repeat("0", 8) + f.key[8:]).f }, read(ledger.ErrKeyNotFound)},
		"SPEND_NOT_FOUND":   {func(_ *testing.T, f *faults) *failure { return f.settle(f.key, "a", 0).f }},
		"API_KEY_PAUSED":    {func(_ *testing.T, f *faults) *failure { f.pause(f.key).ok(); return f.reserve(f.key, "a", 1).f }},
		"API_KEY_REVOKED":   {func(_ *testing.T, f *faults) *failure { f.revoke(f.key).ok(); return f.reserve(f.key, "a", 1).f }},
		"API_KEY_EXPIRED":   {read(ledger.ErrKeyExpired)}, // for real: keyExpiry
		"SPEND_CLOSED":      {func(_ *testing.T, f *faults) *failure { f.release(f.key, "a").ok(); return f.reserve(f.key, "a", 1).f }},
		"SPEND_ID_REUSED":   {func(_ *testing.T, f *faults) *failure { f.record(f.key, "a", 1).ok(); return f.record(f.key, "a", 2).f }},
		"TRANSACTION_ID_REUSED": {func(_ *testing.T, f *faults) *failure {
			f.record(f.key, "a", 1, "t").ok()
			return f.record(f.key, "b", 1, "t").f
		}},
		"REQUEST_ID_REUSED": {func(_ *testing.T, f *faults) *failure {
			f.create(&satcapv1.CreateApiKeyRequest{RequestId: "r"}).ok()
			return f.create(&satcapv1.CreateApiKeyRequest{RequestId: "r", Name: "other"}).f
		}, func(_ *testing.T, f *faults) *failure {
			f.rotateAs("r", f.key, 0).ok()
			return f.rotateAs("r", f.key, 1).f
		}},
		"SUM_OVERFLOW": {read(ledger.ErrSumOverflow)}, // for real: sumOverflow
		"REVISION_MISMATCH": {func(_ *testing.T, f *faults) *failure {
			return f.updateLimits(&satcapv1.UpdateLimitsRequest{ApiKeyId: f.key, Updates: []*satcapv1.LimitUpdate{update(daily, 1)}, ExpectedRevision: new(int64)}).f
		}},
		"UNAUTHENTICATED": {func(t *testing.T, f *faults) *failure {
			return post(t, f.s.url+reserveProcedure, []byte("not even JSON")).failure(t)
		}},
		"PERMISSION_DENIED": {func(_ *testing.T, f *faults) *failure {
			return call(f.env, f.asOwner(), reserveProcedure, &satcapv1.ReserveSpendRequest{}, &satcapv1.ReserveSpendResponse{}).f
		}},
		"TOO_MANY_FAILURES": {func(t *testing.T, f *faults) *failure {
			f.s.failuresHeld.Store(true)
			for range 20 {
				requireReason(t, post(t, f.s.url+reserveProcedure, nil, "Authorization", "Bearer nobody").failure(t), "UNAUTHENTICATED")
			}
			return post(t, f.s.url+reserveProcedure, nil, "Authorization", "Bearer nobody").failure(t)
		}},
		"SECRET_REFUSED": {func(_ *testing.T, f *faults) *failure { return f.verify("nobody's").f }},
		"OVERLOADED":     {read(engine.ErrOverloaded), read(auth.ErrBusy)}, // for real: TestOverloaded, TestTooManyStreams
		"STORE_UNAVAILABLE": {read(store.ErrUnavailable), read(store.ErrConflict), read(store.ErrSchema), read(engine.ErrStopped),
			func(_ *testing.T, f *faults) *failure {
				f.store.set(&f.store.load, always(fmt.Errorf("%w: %w", store.ErrUnavailable, internals)))
				return f.reserve(f.key, "a", 1).f
			},
			func(_ *testing.T, f *faults) *failure { // the batch's own deadline, not the caller's
				f.store.set(&f.store.load, always(fmt.Errorf("%w: %w", store.ErrUnavailable, context.DeadlineExceeded)))
				return f.reserve(f.key, "a", 1).f
			},
			func(_ *testing.T, f *faults) *failure { f.s.engine.Close(); return f.reserve(f.key, "a", 1).f }},
		"OUTCOME_UNKNOWN": {
			func(_ *testing.T, f *faults) *failure {
				f.store.set(&f.store.commit, always(fmt.Errorf("%w: %w", store.ErrOutcomeUnknown, internals)))
				return f.reserve(f.key, "a", 1).f
			},
			func(_ *testing.T, f *faults) *failure {
				f.store.set(&f.store.made, always(fmt.Errorf("%w: %w", store.ErrOutcomeUnknown, context.Canceled)))
				return f.create(&satcapv1.CreateApiKeyRequest{}).f
			}},
		"CLOCK_SKEW": {
			func(_ *testing.T, f *faults) *failure {
				f.s.skew.Store(5*second + 1)
				return f.reserve(f.key, "a", 1).f
			},
			func(_ *testing.T, f *faults) *failure { f.s.skew.Store(-5*second - 1); return f.check(f.key, 1).f },
			func(_ *testing.T, f *faults) *failure {
				f.s.skew.Store(6 * second)
				return f.create(&satcapv1.CreateApiKeyRequest{}).f
			}},
		"WATCH_ENDED": {func(t *testing.T, f *faults) *failure {
			f.s.engine.EndWatches()
			return (&wire{f.env, f.key}).post(t, v1.UsageServiceWatchUsageProcedure, `{"apiKeyId":"KEY"}`).failure(t)
		}},
		"UNIMPLEMENTED": {func(t *testing.T, f *faults) *failure {
			return (&wire{f.env, f.key}).post(t, "/satcap.v1.UsageService/X", "{}").failure(t)
		}},
		"REQUEST_TOO_LARGE": {func(t *testing.T, f *faults) *failure {
			return (&wire{f.env, f.key}).post(t, reserveProcedure, strings.Repeat(" ", 64<<10+1)).failure(t)
		}},
		"CANCELED":          {read(context.Canceled)},
		"DEADLINE_EXCEEDED": {read(context.DeadlineExceeded)},
		"INTERNAL":          {read(internals), read(ledger.ErrInvariant), read(errors.New("x"))},
	}
	for reason := range promised {
		require.Contains(t, cases, reason)
	}
	for reason, variants := range cases {
		for i, variant := range variants {
			t.Run(fmt.Sprint(reason, " ", i), func(t *testing.T) {
				t.Parallel()
				f := newFaults(t)
				got := variant(t, f)
				requireReason(t, got, reason)
				if reason == "INTERNAL" {
					require.Equal(t, "internal error", got.message)
					require.Len(t, got.details, 1)
				}
				require.Equal(t, reason == "OVERLOADED", len(got.details) == 2 && detailOf[*errdetails.RetryInfo](got) != nil)
				records := f.s.logs.records(t, "call")
				last := records[len(records)-1]
				require.Equal(t, reason, last["reason"])
				bad := got.http >= 500 && reason != "DEADLINE_EXCEEDED" && reason != "UNIMPLEMENTED" && reason != "WATCH_ENDED"
				require.Equal(t, bad, last["level"] == "ERROR", last)
				require.Equal(t, bad, last["cause"] != nil, "the operator reads what the caller does not")
			})
		}
	}
}

// detailOf is the first detail of type M, or nothing.
func detailOf[M any](f *failure) (none M) {
	for _, d := range f.details {
		if m, ok := d.(M); ok {
			return m
		}
	}
	return none
}
