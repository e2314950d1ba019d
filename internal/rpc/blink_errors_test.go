// The errors of Blink's contract: codes and words that its client goes by.

package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	apikeysv1 "github.com/satcap/satcap/gen/services/api_keys/v1"
	"github.com/satcap/satcap/internal/store"
)

// blinkLimits: a refusal names its windows, the tightest first.
func blinkLimits(e *env) {
	for _, w := range []struct {
		window satcapv1.LimitWindow
		word   string
	}{{daily, "daily"}, {weekly, "weekly"}, {monthly, "monthly"}, {annual, "annual"}} {
		key := e.newKey(limit(w.window, 100))
		e.hold(key, 60)
		f := says(e.blinkLock(key, 41), connect.CodeFailedPrecondition, "^"+w.word+" "+spendingLimitExceeded, "SPENDING_LIMIT_EXCEEDED")
		exceeded := detail[*satcapv1.LimitExceeded](e.t, f)
		require.Equal(e.t, key, exceeded.GetApiKeyId())
		require.EqualValues(e.t, 40, exceeded.GetMaxAllowedSats())
		require.NotNil(e.t, exceeded.GetAvailableTime())
		e.hold(key, 40)
	}
	key := e.newKey(limit(daily, 300), limit(weekly, 200), limit(monthly, 100), limit(annual, 400))
	f := says(e.blinkLock(key, 250), connect.CodeFailedPrecondition, "^monthly "+spendingLimitExceeded, "SPENDING_LIMIT_EXCEEDED")
	require.Len(e.t, detail[*satcapv1.LimitExceeded](e.t, f).GetViolations(), 2)
	e.blinkRecord(key, 350, journal(), "").ok()
	require.NotNil(e.t, e.blinkLock(key, 1).f)
	e.setLimits(key, unlimited(daily), unlimited(weekly), unlimited(monthly)).ok()
	e.hold(key, 50)
	says(e.blinkLock(key, 1), connect.CodeFailedPrecondition, "^annual "+spendingLimitExceeded, "SPENDING_LIMIT_EXCEEDED")
}

// blinkKeyStates: a key that may not hold is refused where something is asked
// for, and answers where something has happened.
func blinkKeyStates(e *env) {
	for reason, end := range map[string]func(key string){
		"API_KEY_PAUSED":  func(key string) { e.pause(key).ok() },
		"API_KEY_REVOKED": func(key string) { e.revoke(key).ok() },
		"API_KEY_EXPIRED": func(string) { e.advance(second) },
	} {
		expires := timestamppb.New(timeOf(e.s.clock.Load() + second))
		key := e.create(&satcapv1.CreateApiKeyRequest{ExpireTime: expires}).ok().GetApiKey().GetApiKeyId()
		hold := e.hold(key, 5)
		end(key)
		says(e.blinkCheck(key, 1), connect.CodeInvalidArgument, invalidKey, reason)
		says(e.blinkLock(key, 1), connect.CodeInvalidArgument, invalidKey, reason)
		require.EqualValues(e.t, 5, e.blinkSummary(key).ok().GetDailySpentSats())
		payment := journal()
		e.blinkRecord(key, 7, payment, "").ok()
		e.blinkRecord(key, 5, journal(), hold).ok()
		require.EqualValues(e.t, 12, e.blinkSummary(key).ok().GetDailySpentSats())
		e.blinkReverse(payment).ok()
		require.EqualValues(e.t, 5, e.blinkSummary(key).ok().GetDailySpentSats())
	}
}

// blinkArguments: requests that make no sense.
func blinkArguments(e *env) {
	key := e.newKey()
	for bad, reason := range map[string]string{
		"": "INVALID_ARGUMENT", "x": "INVALID_ARGUMENT", key[1:]: "INVALID_ARGUMENT", key + "0": "INVALID_ARGUMENT",
		uuid.NewString(): "API_KEY_NOT_FOUND", uuid.Nil.String(): "API_KEY_NOT_FOUND",
	} {
		says(e.blinkCheck(bad, 1), connect.CodeInvalidArgument, invalidKey, reason)
		says(e.blinkLock(bad, 1), connect.CodeInvalidArgument, invalidKey, reason)
		says(e.blinkSummary(bad), connect.CodeInvalidArgument, invalidKey, reason)
		says(e.blinkRecord(bad, 1, "", ""), connect.CodeInvalidArgument, invalidKey, reason)
		payment := journal()
		says(e.blinkRecord(bad, 1, payment, ""), connect.CodeInvalidArgument, invalidKey, reason)
		says(e.blinkRecord(bad, 1, payment, uuid.NewString()), connect.CodeInvalidArgument, invalidKey, reason)
		found, err := e.s.engine.FindNames(e.t.Context(), []string{payment})
		require.NoError(e.t, err)
		require.Empty(e.t, found, "a call that cannot work claims no name")
	}
	for _, sats := range []int64{0, -1, -maxSat, maxSat + 1} {
		says(e.blinkCheck(key, sats), connect.CodeInvalidArgument, invalidAmount, "INVALID_ARGUMENT")
		says(e.blinkLock(key, sats), connect.CodeInvalidArgument, invalidAmount, "INVALID_ARGUMENT")
		says(e.blinkRecord(key, sats, journal(), ""), connect.CodeInvalidArgument, invalidAmount, "INVALID_ARGUMENT")
		f := says(e.blinkRecord(key, sats, journal(), e.hold(key, 1)), connect.CodeInvalidArgument, invalidAmount, "INVALID_ARGUMENT")
		require.Equal(e.t, "amount_sats", detail[*validate.Violations](e.t, f).GetViolations()[0].GetField().GetElements()[0].GetFieldName())
	}
	says(e.blinkCheck("x", 0), connect.CodeInvalidArgument, invalidKey, "INVALID_ARGUMENT")
	says(e.blinkRecord(key, 1, "", e.hold(key, 1)), connect.CodeInvalidArgument, missingTransaction, "INVALID_ARGUMENT")
	says(e.blinkReverse(""), connect.CodeInvalidArgument, transactionRequired, "INVALID_ARGUMENT")
	for _, bad := range []string{"\n", " x", fmt.Sprintf("%0129d", 1)} {
		says(e.blinkRecord(key, 1, bad, ""), connect.CodeInvalidArgument, "transaction_id:", "INVALID_ARGUMENT")
		says(e.blinkRecord(key, 1, journal(), bad), connect.CodeInvalidArgument, "ephemeral_id:", "INVALID_ARGUMENT")
		says(e.blinkReverse(bad), connect.CodeInvalidArgument, "transaction_id:", "INVALID_ARGUMENT")
	}
	none := "" // present and empty, as clients with default values send it
	req := recording(key, 1, "", "")
	req.TransactionId, req.EphemeralId = &none, &none
	call(e, serviceToken, "/services.api_keys.v1.ApiKeysService/RecordSpending", req, &apikeysv1.RecordSpendingResponse{}).ok()
	e.blinkRecord(key, 1, fmt.Sprintf("%0128d", 1), "").ok()
}

// nameless is a store whose registry of names does not answer.
type nameless struct {
	store.Store
	err error
}

func (n *nameless) ClaimNames(context.Context, []store.PaymentName) ([]store.PaymentName, error) {
	return nil, n.err
}

func (n *nameless) ReverseName(context.Context, string) (store.PaymentName, error) {
	return store.PaymentName{}, n.err
}

func (n *nameless) FindNames(context.Context, []string) ([]store.PaymentName, error) {
	return nil, n.err
}

// TestBlinkUnavailable: what is not known is not booked, and not taken for done.
func TestBlinkUnavailable(t *testing.T) {
	t.Parallel()
	for cause, reason := range map[error]string{
		store.ErrUnavailable: "STORE_UNAVAILABLE", store.ErrOutcomeUnknown: "OUTCOME_UNKNOWN", store.ErrConflict: "STORE_UNAVAILABLE",
	} {
		broken := fmt.Errorf("%w: %w", cause, errors.New("sqlite: no such table (/var/lib/satcap.db)"))
		s := newServer(t, "sqlite", func(real store.Store) store.Store { return &nameless{real, broken} })
		for _, newClient := range clients {
			e := &env{t: t, s: s, c: newClient(t, s.url), subject: "unavailable", made: &calls{}}
			key := e.newKey()
			hold := e.hold(key, 5)
			says(e.blinkRecord(key, 5, journal(), hold), connect.CodeUnavailable, "", reason)
			says(e.blinkRecord(key, 5, journal(), uuid.NewString()), connect.CodeUnavailable, "", reason)
			says(e.blinkRecord(key, 5, journal(), ""), connect.CodeUnavailable, "", reason)
			says(e.blinkReverse(journal()), connect.CodeUnavailable, "", reason)
			require.Equal(t, "daily - 0 5 -", sums(e.usage(key).ok().GetUsage())[0])
			e.blinkReverse(hold).ok() // needs no registry
			require.Zero(t, e.daySpent(key))
		}
	}
}

// TestBlinkFields: numbers and types are Blink's, so clients that were built for
// it read and write the same bytes.
func TestBlinkFields(t *testing.T) {
	t.Parallel()
	windows := func(names ...string) (out []string) {
		for _, name := range names {
			for _, w := range []string{"daily", "weekly", "monthly", "annual"} {
				out = append(out, fmt.Sprintf(name, w))
			}
		}
		return out
	}
	limits, spent, left := "optional int64 %s_limit_sats", "int64 %s_spent_sats", "optional int64 remaining_%s_sats"
	for name, want := range map[protoreflect.Name][]string{
		"CheckSpendingLimitRequest":    {"string api_key_id", "int64 amount_sats"},
		"CheckSpendingLimitResponse":   append([]string{"bool allowed"}, windows(limits, spent, left)...),
		"CheckAndLockSpendingRequest":  {"string api_key_id", "int64 amount_sats"},
		"CheckAndLockSpendingResponse": {"string ephemeral_id"},
		"GetSpendingSummaryRequest":    {"string api_key_id"},
		"GetSpendingSummaryResponse":   windows(limits, spent, left),
		"RecordSpendingRequest":        {"string api_key_id", "int64 amount_sats", "optional string transaction_id", "optional string ephemeral_id"},
		"RecordSpendingResponse":       nil,
		"ReverseSpendingRequest":       {"string transaction_id"},
		"ReverseSpendingResponse":      nil,
	} {
		fields := apikeysv1.File_services_api_keys_v1_api_keys_proto.Messages().ByName(name).Fields()
		require.Equal(t, len(want), fields.Len(), name)
		for i, declared := range want {
			f := fields.ByNumber(protoreflect.FieldNumber(i + 1))
			require.NotNil(t, f, "%s has no field %d", name, i+1)
			optional := ""
			if f.HasOptionalKeyword() {
				optional = "optional "
			}
			require.Equal(t, declared, fmt.Sprintf("%s%s %s", optional, f.Kind(), f.Name()), "%s, field %d", name, i+1)
		}
	}
}
