// The one place where errors get the codes and words of this contract. Which
// error it is, its reason and its details come from satcap's own mapping: a
// client that reads those sees the same as in satcap.v1.

package blink

import (
	"errors"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"

	"github.com/satcap/satcap/internal/ledger"
)

// The words that a client looks for in messages.
const (
	sayKey      = "Invalid API key ID"
	sayAmount   = "Invalid limit amount (must be positive)"
	sayMismatch = "Spending amount mismatch for transaction reference"
	sayExceeded = " spending limit exceeded"
	sayUnknown  = "Ephemeral reservation not found: "
	sayRequired = "Transaction ID is required"
)

var (
	errMissingTransaction = connect.NewError(connect.CodeInvalidArgument, "Missing transaction id for ephemeral finalization")
	errHoldAsTransaction  = connect.NewError(connect.CodeInvalidArgument, "transaction_id: must not be an ephemeral id")
)

// unknownHoldError refuses to record a hold that there is not.
type unknownHoldError struct{ hold string }

func (e *unknownHoldError) Error() string { return sayUnknown + e.hold }

func (e *unknownHoldError) Unwrap() error { return ledger.ErrSpendNotFound }

// worded is how one refusal is answered.
type worded struct {
	err  error
	code connect.Code
	say  string
}

// words is searched in order. What is not here keeps the code and the message
// that it has in satcap.v1.
var words = []worded{
	{ledger.ErrKeyNotFound, connect.CodeInvalidArgument, sayKey},
	{ledger.ErrKeyRevoked, connect.CodeInvalidArgument, sayKey},
	{ledger.ErrKeyExpired, connect.CodeInvalidArgument, sayKey},
	{ledger.ErrKeyPaused, connect.CodeInvalidArgument, sayKey},
	{ledger.ErrSpendIDReused, connect.CodeFailedPrecondition, sayMismatch + ": it was held or recorded with another amount or another transaction id"},
	{ledger.ErrTransactionIDReused, connect.CodeFailedPrecondition, sayMismatch + ": another hold was recorded with this transaction id"},
}

// Answer gives an error the code and the words of this contract. answered is what
// satcap.v1 makes of err; its details stay.
func Answer(err error, answered *connect.Error) *connect.Error {
	var exceeded *ledger.LimitExceededError
	if errors.As(err, &exceeded) {
		return reword(answered, connect.CodeFailedPrecondition, exceeded.Violations[0].Window.String()+sayExceeded+": "+answered.Message())
	}
	var unknown *unknownHoldError
	if errors.As(err, &unknown) {
		return reword(answered, connect.CodeNotFound, unknown.Error())
	}
	for _, w := range words {
		if errors.Is(err, w.err) {
			say := w.say
			if say == sayKey {
				say += ": " + answered.Message()
			}
			return reword(answered, w.code, say)
		}
	}
	if say := sayViolation(answered); say != "" {
		return reword(answered, connect.CodeInvalidArgument, say)
	}
	return answered
}

// sayViolation is what is wrong with a request that breaks a rule of the .proto
// file, the key first; empty if there is nothing of this contract's to say.
func sayViolation(answered *connect.Error) string {
	broken := map[string]*validate.Violation{}
	for _, d := range answered.Details() {
		message, err := connectproto.UnmarshalErrorDetail(d)
		violations, ok := message.(*validate.Violations)
		if err != nil || !ok {
			continue
		}
		for _, v := range violations.GetViolations() {
			for _, field := range v.GetField().GetElements() {
				if broken[field.GetFieldName()] == nil {
					broken[field.GetFieldName()] = v
				}
			}
		}
	}
	switch {
	case broken["api_key_id"] != nil:
		return sayKey + ": must be a UUID"
	case broken["amount_sats"] != nil:
		return sayAmount + ": 1 to 2100000000000000 sats"
	case broken["transaction_id"].GetRuleId() == "string.min_len":
		return sayRequired
	}
	return ""
}

// reword is an error with another code and message.
func reword(answered *connect.Error, code connect.Code, message string) *connect.Error {
	out := connect.NewError(code, message).WithCause(errors.Unwrap(answered))
	for _, d := range answered.Details() {
		out = out.WithDetail(d)
	}
	return out
}
