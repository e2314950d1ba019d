// Short words for the calls of Blink's contract and for what is expected of
// their answers.

package rpc_test

import (
	"fmt"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	apikeysv1 "github.com/satcap/satcap/gen/services/api_keys/v1"
	blink "github.com/satcap/satcap/gen/services/api_keys/v1/apikeysv1connect"
)

// What Blink's client looks for in messages, as it writes it down.
const (
	spendingLimitExceeded = `spending limit exceeded`
	invalidKey            = `Invalid API key ID`
	invalidAmount         = `Invalid limit amount \(must be positive\)`
	amountMismatch        = `Spending amount mismatch for transaction reference`
	missingTransaction    = `Missing transaction id for ephemeral finalization`
	unknownHold           = `Ephemeral reservation not found:`
	transactionRequired   = `Transaction ID is required`
)

func (e *env) blinkCheck(key string, sats int64) answer[*apikeysv1.CheckSpendingLimitResponse] {
	e.t.Helper()
	req := &apikeysv1.CheckSpendingLimitRequest{ApiKeyId: key, AmountSats: sats}
	return call(e, serviceToken, blink.ApiKeysServiceCheckSpendingLimitProcedure, req, &apikeysv1.CheckSpendingLimitResponse{})
}

func (e *env) blinkLock(key string, sats int64) answer[*apikeysv1.CheckAndLockSpendingResponse] {
	e.t.Helper()
	req := &apikeysv1.CheckAndLockSpendingRequest{ApiKeyId: key, AmountSats: sats}
	return call(e, serviceToken, blink.ApiKeysServiceCheckAndLockSpendingProcedure, req, &apikeysv1.CheckAndLockSpendingResponse{})
}

func (e *env) hold(key string, sats int64) string {
	e.t.Helper()
	return e.blinkLock(key, sats).ok().GetEphemeralId()
}

func (e *env) blinkSummary(key string) answer[*apikeysv1.GetSpendingSummaryResponse] {
	e.t.Helper()
	return call(e, serviceToken, blink.ApiKeysServiceGetSpendingSummaryProcedure, &apikeysv1.GetSpendingSummaryRequest{ApiKeyId: key}, &apikeysv1.GetSpendingSummaryResponse{})
}

// daySpent is what a key spent in the last 24 hours, holds included.
func (e *env) daySpent(key string) int64 {
	e.t.Helper()
	return e.blinkSummary(key).ok().GetDailySpentSats()
}

// blinkRecord leaves names out that are empty.
func (e *env) blinkRecord(key string, sats int64, transaction, hold string) answer[*apikeysv1.RecordSpendingResponse] {
	e.t.Helper()
	return call(e, serviceToken, blink.ApiKeysServiceRecordSpendingProcedure, recording(key, sats, transaction, hold), &apikeysv1.RecordSpendingResponse{})
}

func recording(key string, sats int64, transaction, hold string) *apikeysv1.RecordSpendingRequest {
	req := &apikeysv1.RecordSpendingRequest{ApiKeyId: key, AmountSats: sats}
	if transaction != "" {
		req.TransactionId = &transaction
	}
	if hold != "" {
		req.EphemeralId = &hold
	}
	return req
}

func (e *env) blinkReverse(name string) answer[*apikeysv1.ReverseSpendingResponse] {
	e.t.Helper()
	return call(e, serviceToken, blink.ApiKeysServiceReverseSpendingProcedure, &apikeysv1.ReverseSpendingRequest{TransactionId: name}, &apikeysv1.ReverseSpendingResponse{})
}

// journal is a transaction id as Blink has them: 24 hexadecimal digits.
func journal() string {
	id := uuid.New()
	return fmt.Sprintf("%x", id[:12])
}

// blinkStatus are the HTTP statuses of the codes of the contract.
var blinkStatus = map[connect.Code]int{
	connect.CodeFailedPrecondition: 400, connect.CodeInvalidArgument: 400, connect.CodeNotFound: 404, connect.CodeUnavailable: 503,
}

// says is the failure of a call that must fail with this code, in words that
// match, and with satcap's reason among the details.
func says[M proto.Message](a answer[M], code connect.Code, words, reason string) *failure {
	a.t.Helper()
	require.NotNil(a.t, a.f, "answered without the error %q", words)
	requireSays(a.t, a.f, code, words, reason)
	return a.f
}

func requireSays(t *testing.T, f *failure, code connect.Code, words, reason string) {
	t.Helper()
	require.Equal(t, code, f.code, f.message)
	require.Regexp(t, words, f.message)
	require.Equal(t, reason, reasonIn(t, f), f.message)
	if f.http != 0 {
		require.Equal(t, blinkStatus[code], f.http, f.message)
	}
	require.NotRegexp(t, leaks, f.message)
}
