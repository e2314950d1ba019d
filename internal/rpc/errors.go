// The one place where errors become codes: every refusal and failure, its
// Connect code, its reason and what callers read.

package rpc

import (
	"context"
	"errors"
	"time"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/jwks"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

// Domain is the domain of every google.rpc.ErrorInfo that satcap sends.
const Domain = "satcap"

// retryDelay is what an overloaded server asks a client to wait.
const retryDelay = 100 * time.Millisecond

// streamRetryDelay is the same for streams, which last longer than calls.
const streamRetryDelay = 5 * time.Second

// answer is how one error is answered.
type answer struct {
	err     error
	code    connect.Code
	reason  string
	message string // empty: the error's own words
}

// answers is searched in order; the first match wins. An error that is not here
// is a defect: it is answered as INTERNAL, without its words.
var answers = []answer{
	{auth.ErrUnauthenticated, connect.CodeUnauthenticated, "UNAUTHENTICATED", "the request carries no valid credentials: send Authorization: Bearer TOKEN, or the secret of an API key in its header"},
	{auth.ErrPermissionDenied, connect.CodePermissionDenied, "PERMISSION_DENIED", "this caller may not make this call"},
	{auth.ErrTooManyFailures, connect.CodeResourceExhausted, "TOO_MANY_FAILURES", "too many requests with wrong credentials came from this address: wait, and send valid ones"},
	{jwks.ErrNotLoaded, connect.CodeUnavailable, "STORE_UNAVAILABLE", "the keys that tokens are signed with cannot be read yet: try again"},
	{auth.ErrBusy, connect.CodeUnavailable, "OVERLOADED", "too many unknown credentials are being looked up: try again"},
	{errSecretRefused, connect.CodeUnauthenticated, "SECRET_REFUSED", "the secret is not that of an active API key"},
	{auth.ErrUnlisted, connect.CodeUnimplemented, "UNIMPLEMENTED", "there is no such method"},

	{ledger.ErrAmount, connect.CodeInvalidArgument, reasonInvalidArgument, ""},
	{ledger.ErrKeyNotFound, connect.CodeNotFound, "API_KEY_NOT_FOUND", ""},
	{ledger.ErrSpendNotFound, connect.CodeNotFound, "SPEND_NOT_FOUND", ""},
	{ledger.ErrKeyRevoked, connect.CodeFailedPrecondition, "API_KEY_REVOKED", ""},
	{ledger.ErrKeyExpired, connect.CodeFailedPrecondition, "API_KEY_EXPIRED", ""},
	{ledger.ErrKeyPaused, connect.CodeFailedPrecondition, "API_KEY_PAUSED", ""},
	{ledger.ErrSpendIDReused, connect.CodeAlreadyExists, "SPEND_ID_REUSED", ""},
	{ledger.ErrTransactionIDReused, connect.CodeAlreadyExists, "TRANSACTION_ID_REUSED", ""},
	{ledger.ErrRequestIDReused, connect.CodeAlreadyExists, "REQUEST_ID_REUSED", ""},
	{ledger.ErrSumOverflow, connect.CodeOutOfRange, "SUM_OVERFLOW", ""},
	{ledger.ErrRevisionMismatch, connect.CodeAborted, "REVISION_MISMATCH", ""},
	{ledger.ErrInvariant, connect.CodeInternal, reasonInternal, "internal error"},

	{engine.ErrRequestIDReused, connect.CodeAlreadyExists, "REQUEST_ID_REUSED", "this request_id was used for a key with other content: choose a new one"},
	{engine.ErrExpireTimePast, connect.CodeInvalidArgument, reasonInvalidArgument, "expire_time: must be in the future"},
	{errPageToken, connect.CodeInvalidArgument, reasonInvalidArgument, "page_token: must be the next_page_token of the same request, unchanged"},
	{engine.ErrOverloaded, connect.CodeUnavailable, "OVERLOADED", "too many requests are waiting: try again with the same names"},
	{engine.ErrTooManyWatches, connect.CodeUnavailable, "OVERLOADED", "too many streams are open: close some, or try again later"},
	{engine.ErrWatchEnded, connect.CodeUnavailable, reasonWatchEnded, "the stream has ended: call again to go on watching"},
	{engine.ErrStopped, connect.CodeUnavailable, "STORE_UNAVAILABLE", "the server is shutting down: try again with the same names"},
	{engine.ErrClockSkew, connect.CodeUnavailable, "CLOCK_SKEW", "the clocks of the server and its database disagree: nothing is decided until they agree again"},
	{store.ErrDefect, connect.CodeInternal, reasonInternal, "internal error"},
	{store.ErrOutcomeUnknown, connect.CodeUnavailable, "OUTCOME_UNKNOWN", "it is not known whether the call took effect: try again with the same names to find out"},
	{store.ErrUnavailable, connect.CodeUnavailable, "STORE_UNAVAILABLE", "the database does not answer: try again with the same names"},
	{store.ErrConflict, connect.CodeUnavailable, "STORE_UNAVAILABLE", "the database is busy: try again with the same names"},
	{store.ErrSchema, connect.CodeUnavailable, "STORE_UNAVAILABLE", "the database is being upgraded: try again with the same names"},

	{context.Canceled, connect.CodeCanceled, "CANCELED", "the call was cancelled: it may or may not have taken effect"},
	{context.DeadlineExceeded, connect.CodeDeadlineExceeded, "DEADLINE_EXCEEDED", "the call's deadline passed: it may or may not have taken effect"},
}

// reasonWatchEnded is how a stream ends by itself.
const reasonWatchEnded = "WATCH_ENDED"

// The reasons of errors that Connect itself raises, by code.
const (
	reasonInvalidArgument = "INVALID_ARGUMENT"
	reasonInternal        = "INTERNAL"
)

var connectReasons = map[connect.Code]string{
	connect.CodeInvalidArgument:   reasonInvalidArgument,
	connect.CodeResourceExhausted: "REQUEST_TOO_LARGE",
	connect.CodeUnimplemented:     "UNIMPLEMENTED",
	connect.CodeCanceled:          "CANCELED",
	connect.CodeDeadlineExceeded:  "DEADLINE_EXCEEDED",
}

// toConnect turns err into what the caller gets: always with a
// google.rpc.ErrorInfo, and never with words that were not written for callers.
func toConnect(err error) *connect.Error {
	var exceeded *ledger.LimitExceededError
	if errors.As(err, &exceeded) {
		return newError(err, connect.CodeResourceExhausted, "SPENDING_LIMIT_EXCEEDED", exceeded.Error(), limitExceededToProto(exceeded))
	}
	var closed *ledger.SpendClosedError
	if errors.As(err, &closed) {
		return newError(err, connect.CodeFailedPrecondition, "SPEND_CLOSED", closed.Error(), spendToProto(closed.Spend))
	}
	for _, a := range answers {
		if !errors.Is(err, a.err) {
			continue
		}
		message := a.message
		if message == "" {
			message = a.err.Error()
		}
		if a.reason == "OVERLOADED" {
			delay := retryDelay
			if a.err == engine.ErrTooManyWatches {
				delay = streamRetryDelay
			}
			return newError(err, a.code, a.reason, message, &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
		}
		return newError(err, a.code, a.reason, message)
	}
	return fromConnect(err)
}

// fromConnect answers what Connect or the validation raised while reading the
// request; anything else is a defect and keeps its words to itself.
func fromConnect(err error) *connect.Error {
	var raised *connect.Error
	if errors.As(err, &raised) {
		if reason, ok := connectReasons[raised.Code()]; ok {
			out := newError(err, raised.Code(), reason, requestMessage(raised))
			for _, d := range raised.Details() {
				out = out.WithDetail(d)
			}
			return out
		}
	}
	return newError(err, connect.CodeInternal, reasonInternal, "internal error")
}

// invalidRequest is what the validation says of a request, in the form in which
// the interceptor of all calls says it.
func invalidRequest(invalid *protovalidate.ValidationError) error {
	out := connect.NewError(connect.CodeInvalidArgument, invalid.Error()).WithCause(invalid)
	if detail, err := connectproto.NewErrorDetail(invalid.ToProto()); err == nil {
		out = out.WithDetail(detail)
	}
	return out
}

// toStatus is an error of this package as a message, for a reply that holds
// several answers.
func toStatus(err *connect.Error) *status.Status {
	out := &status.Status{Code: int32(err.Code()), Message: err.Message()}
	for _, d := range err.Details() {
		out.Details = append(out.Details, connectproto.ErrorDetailToAny(d))
	}
	return out
}

// newError is an error with its ErrorInfo first and the details after it.
func newError(cause error, code connect.Code, reason, message string, details ...proto.Message) *connect.Error {
	out := connect.NewError(code, message).WithCause(cause)
	all := append([]proto.Message{&errdetails.ErrorInfo{Reason: reason, Domain: Domain}}, details...)
	for _, d := range all {
		if detail, err := connectproto.NewErrorDetail(d); err == nil {
			detail.Debug = readable(d)
			out = out.WithDetail(detail)
		}
	}
	return out
}

// readable is what people see of a detail in JSON: of satcap's own messages with
// the zeros written out, as in replies; of others what Connect makes of them.
func readable(d proto.Message) []byte {
	if _, ours := d.(interface{ GetApiKeyId() string }); !ours {
		return nil
	}
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(d)
	if err != nil {
		return nil
	}
	return text
}
