// Streams over HTTP: how long a client may take to take a message, and whether
// the caller is still one.

package rpc

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/satcap/satcap/internal/auth"
)

// takeFor is how long a client may take to take a message of a stream, less than
// a server waits at shutdown.
const takeFor = 5 * time.Second

// bounded makes the deadlines of a connection, which are for whole answers, hold
// for each message of a stream: none while there is nothing to send, and a short
// one while there is.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &streamWriter{ResponseWriter: w, deadlines: http.NewResponseController(w)}
		next.ServeHTTP(s, r)
		s.within(time.Now().Add(takeFor)) // for the end of the answer, and what is left of the request
	})
}

type streamWriter struct {
	http.ResponseWriter
	deadlines *http.ResponseController
}

// within sets both deadlines. An error means that there are none to set, as in
// tests without a connection.
func (s *streamWriter) within(t time.Time) {
	_ = s.deadlines.SetReadDeadline(t)
	_ = s.deadlines.SetWriteDeadline(t)
}

// Write gives the client a while to take what is written.
func (s *streamWriter) Write(p []byte) (int, error) {
	_ = s.deadlines.SetWriteDeadline(time.Now().Add(takeFor))
	return s.ResponseWriter.Write(p)
}

// Flush returns when the client has taken the message. The request has been read
// by then, and what is read from now on is only that the client goes away.
func (s *streamWriter) Flush() {
	if s.deadlines.Flush() == nil {
		s.within(time.Time{})
	}
}

// Unwrap is for [http.ResponseController].
func (s *streamWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// streams are the procedures of server that answer with more than one message.
func streams(server *connect.Server) map[string]bool {
	found := map[string]bool{}
	for spec := range server.Specs() {
		found[spec.Procedure] = spec.StreamType != connect.StreamTypeUnary
	}
	return found
}

type stillKey struct{}

// withStill remembers how to find out whether the caller of a stream would be
// let in again. Only keys are asked about: an owner or a service proves itself
// anew when its stream ends, minutes later at most.
func withStill(ctx context.Context, spec connect.Spec, keys *auth.Keys, caller auth.Caller, sent auth.Credentials) context.Context {
	if spec.StreamType == connect.StreamTypeUnary || !caller.IsKey {
		return ctx
	}
	return context.WithValue(ctx, stillKey{}, func(ctx context.Context) error { return keys.Still(ctx, caller, sent) })
}

// stillOf is that question; nil: there is none.
func stillOf(ctx context.Context) func(context.Context) error {
	still, _ := ctx.Value(stillKey{}).(func(context.Context) error)
	return still
}
