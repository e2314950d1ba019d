// What the design promises of errors: each reason has one code and one HTTP
// status, and exactly one google.rpc.ErrorInfo comes first.

package rpc_test

import (
	"os"
	"regexp"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
)

type codeAndStatus struct {
	code   connect.Code
	status int
}

// promised is the table of the design.
var promised = map[string]codeAndStatus{
	"SPENDING_LIMIT_EXCEEDED": {connect.CodeResourceExhausted, 429},
	"INVALID_ARGUMENT":        {connect.CodeInvalidArgument, 400},
	"API_KEY_NOT_FOUND":       {connect.CodeNotFound, 404},
	"SPEND_NOT_FOUND":         {connect.CodeNotFound, 404},
	"API_KEY_REVOKED":         {connect.CodeFailedPrecondition, 400},
	"API_KEY_EXPIRED":         {connect.CodeFailedPrecondition, 400},
	"API_KEY_PAUSED":          {connect.CodeFailedPrecondition, 400},
	"SPEND_CLOSED":            {connect.CodeFailedPrecondition, 400},
	"SPEND_ID_REUSED":         {connect.CodeAlreadyExists, 409},
	"TRANSACTION_ID_REUSED":   {connect.CodeAlreadyExists, 409},
	"REQUEST_ID_REUSED":       {connect.CodeAlreadyExists, 409},
	"SUM_OVERFLOW":            {connect.CodeOutOfRange, 400},
	"REVISION_MISMATCH":       {connect.CodeAborted, 409},
	"UNAUTHENTICATED":         {connect.CodeUnauthenticated, 401},
	"PERMISSION_DENIED":       {connect.CodePermissionDenied, 403},
	"TOO_MANY_FAILURES":       {connect.CodeResourceExhausted, 429},
	"SECRET_REFUSED":          {connect.CodeUnauthenticated, 401},
	"OVERLOADED":              {connect.CodeUnavailable, 503},
	"STORE_UNAVAILABLE":       {connect.CodeUnavailable, 503},
	"OUTCOME_UNKNOWN":         {connect.CodeUnavailable, 503},
	"CLOCK_SKEW":              {connect.CodeUnavailable, 503},
	"WATCH_ENDED":             {connect.CodeUnavailable, 503},
	// Not in the design's table, but a server has them.
	"UNIMPLEMENTED":     {connect.CodeUnimplemented, 501},
	"REQUEST_TOO_LARGE": {connect.CodeResourceExhausted, 429},
	"CANCELED":          {connect.CodeCanceled, 499},
	"DEADLINE_EXCEEDED": {connect.CodeDeadlineExceeded, 504},
	"INTERNAL":          {connect.CodeInternal, 500},
}

// requireReason checks what every error promises, and which one f is.
func requireReason(t *testing.T, f *failure, reason string) {
	t.Helper()
	require.NotNil(t, f, "answered without the error %s", reason)
	require.Equal(t, reason, reasonIn(t, f), "%s: %s", f.code, f.message)
	want, known := promised[reason]
	require.True(t, known, reason)
	require.Equal(t, want.code, f.code, reason)
	if f.http != 0 {
		require.Equal(t, want.status, f.http, reason)
	}
	require.NotEmpty(t, f.message)
	require.NotRegexp(t, leaks, f.message)
}

// reasonIn is the reason of the one ErrorInfo, which comes first.
func reasonIn(t *testing.T, f *failure) string {
	t.Helper()
	require.NotEmpty(t, f.details, "no details: %s: %s", f.code, f.message)
	infos := 0
	for _, d := range f.details {
		if _, ok := d.(*errdetails.ErrorInfo); ok {
			infos++
		}
	}
	require.Equal(t, 1, infos)
	info, ok := f.details[0].(*errdetails.ErrorInfo)
	require.True(t, ok, "%T comes first", f.details[0])
	require.Equal(t, "satcap", info.GetDomain())
	return info.GetReason()
}

// leaks matches what no caller may read: types of Go, SQL, paths, and traces.
var leaks = regexp.MustCompile(`(?i)satcapv1|\*?\b(ledger|store|engine|auth|proto|protojson|json|errors)\.[A-Z]|\b(select|insert|update) .*\b(from|into|set)\b|sqlstate|sqlite|pgx|postgres|/internal/|\.go\b|goroutine|0x[0-9a-f]{6}`)

// detail is the only detail of f of type M.
func detail[M proto.Message](t *testing.T, f *failure) M {
	t.Helper()
	var found []M
	for _, d := range f.details {
		if m, ok := d.(M); ok {
			found = append(found, m)
		}
	}
	require.Len(t, found, 1, "details: %v", f.details)
	return found[0]
}

// TestEveryReasonIsPromised reads the reasons out of errors.go: none may be
// there that the table does not have, and the other way round.
func TestEveryReasonIsPromised(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("errors.go")
	require.NoError(t, err)
	written := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([A-Z]+(?:_[A-Z]+)*)"`).FindAllSubmatch(source, -1) {
		written[string(m[1])] = true
	}
	require.NotEmpty(t, written)
	for reason := range written {
		require.Contains(t, promised, reason, "errors.go has a reason that no test expects")
	}
	for reason := range promised {
		require.Contains(t, written, reason, "errors.go does not have a reason that is promised")
	}
}
