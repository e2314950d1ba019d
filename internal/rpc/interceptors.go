// What every call passes through.

package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"

	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/rpc/blink"
	"github.com/satcap/satcap/internal/store"
)

// requestIDHeader names a call in the logs of both sides.
const requestIDHeader = "X-Request-Id"

// requestIDs are what is taken over from a caller.
var requestIDs = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

// observe records every call, and turns a panic into an internal error.
func observe(log *slog.Logger) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
			start := time.Now()
			requestID := takeRequestID(ctx)
			seen := &observed{ServerStream: stream}
			ctx, notes := withNotes(ctx, spec)
			defer func() {
				if p := recover(); p != nil {
					if p == http.ErrAbortHandler { //nolint:errorlint // the sentinel is panicked with as it is
						panic(p)
					}
					log.Error("panic", "request_id", requestID, "rpc", spec.Procedure, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
					err = newError(nil, connect.CodeInternal, reasonInternal, "internal error")
				}
				logCall(ctx, log, requestID, spec, seen.keyID, time.Since(start), notes, err)
			}()
			return next(ctx, spec, seen)
		}
	}
}

// takeRequestID is the caller's name for the call or a new one, which the
// answer repeats.
func takeRequestID(ctx context.Context) string {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return ""
	}
	id := info.RequestHeader().Get(requestIDHeader)
	if !requestIDs.MatchString(id) {
		id = uuid.NewString()
	}
	info.ResponseHeader().Set(requestIDHeader, id)
	// Replies are about one caller and one moment, and some carry a secret.
	info.ResponseHeader().Set("Cache-Control", "no-store")
	return id
}

// observed notes which key a request is about.
type observed struct {
	connect.ServerStream
	keyID string
}

func (o *observed) Receive(msg any) error {
	err := unreadable(o.ServerStream.Receive(msg))
	if named, ok := msg.(interface{ GetApiKeyId() string }); ok && err == nil {
		if id, parseErr := uuid.Parse(named.GetApiKeyId()); parseErr == nil {
			o.keyID = id.String()
		}
	}
	return err
}

// answerErrors makes every error one that callers can read, in the words of the
// contract that they speak.
func answerErrors() connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			err := next(ctx, spec, stream)
			if err == nil {
				return nil
			}
			// A read that the caller's own deadline or cancellation ended is no
			// fault of the database, which is what the store takes it for.
			if ended := ctx.Err(); ended != nil && errors.Is(err, ended) && errors.Is(err, store.ErrUnavailable) {
				err = ended
			}
			answered := toConnect(err)
			if blink.Serves(spec.Procedure) {
				answered = blink.Answer(err, answered)
			}
			return answered
		}
	}
}

// unknownMethod stands for every method that does not exist, so that calls of
// them pass through the same interceptors.
func unknownMethod(context.Context, connect.Spec, connect.ServerStream) error {
	return auth.ErrUnlisted
}
