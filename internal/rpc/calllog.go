// The record of each call in the log.

package rpc

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// logCall writes the line of one call: what, about which key, how it ended and
// how long it took; of a batch also how many of its operations ended how.
// Amounts, names and secrets are not in it.
func logCall(ctx context.Context, log *slog.Logger, requestID string, spec connect.Spec, keyID string, took time.Duration, notes *batchNotes, err error) {
	level, code := slog.LevelInfo, "ok"
	attrs := []slog.Attr{slog.String("request_id", requestID), slog.String("rpc", spec.Procedure)}
	if keyID != "" {
		attrs = append(attrs, slog.String("api_key_id", keyID))
	}
	if err != nil {
		code = connect.CodeOf(err).String()
		reason := reasonOf(err)
		attrs = append(attrs, slog.String("reason", reason))
		if isFault(connect.CodeOf(err)) && reason != reasonWatchEnded {
			level = slog.LevelError
			attrs = append(attrs, slog.Any("cause", errors.Unwrap(err)))
		}
	}
	if notes != nil && err == nil {
		attrs = append(attrs, slog.Any("operations", notes.reasons))
		if notes.fault != nil {
			level = slog.LevelError
			attrs = append(attrs, slog.Any("cause", notes.fault))
		}
	}
	attrs = append(attrs, slog.String("code", code), slog.Int64("duration_us", took.Microseconds()))
	log.LogAttrs(ctx, level, "call", attrs...)
}

// isFault says whether a code tells of something that the operator has to know.
func isFault(code connect.Code) bool {
	return code == connect.CodeInternal || code == connect.CodeUnavailable
}

// batchNotes is what the record of a batch says of its operations.
type batchNotes struct {
	reasons map[string]int // how many ended how: "ok" or the reason of the error
	fault   error          // the first that is the server's
}

type notesKey struct{}

// withNotes makes the notes of a call; nil: it is no batch.
func withNotes(ctx context.Context, spec connect.Spec) (context.Context, *batchNotes) {
	if spec.Procedure != satcapv1connect.SpendServiceApplySpendsProcedure {
		return ctx, nil
	}
	notes := &batchNotes{reasons: make(map[string]int)}
	return context.WithValue(ctx, notesKey{}, notes), notes
}

// notesOf are the notes of a call.
func notesOf(ctx context.Context) *batchNotes {
	notes, _ := ctx.Value(notesKey{}).(*batchNotes)
	return notes
}

// ended notes how one operation ended: with an error, or nil.
func (n *batchNotes) ended(with *connect.Error) {
	switch {
	case n == nil:
	case with == nil:
		n.reasons["ok"]++
	default:
		n.reasons[reasonOf(with)]++
		if n.fault == nil && isFault(with.Code()) {
			n.fault = errors.Unwrap(with)
		}
	}
}

// reasonOf reads the reason of an error that this package made.
func reasonOf(err error) string {
	var answered *connect.Error
	if !errors.As(err, &answered) {
		return ""
	}
	for _, d := range answered.Details() {
		if message, err := connectproto.UnmarshalErrorDetail(d); err == nil {
			if info, ok := message.(*errdetails.ErrorInfo); ok {
				return info.GetReason()
			}
		}
	}
	return ""
}
