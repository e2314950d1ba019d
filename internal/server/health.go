// Health: is the process there, and would it answer a call?

package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"

	healthv1 "github.com/satcap/satcap/gen/connectext/grpc/health/v1"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/jwks"
	"github.com/satcap/satcap/internal/store"
)

const (
	// readyFor is how long an answer of the database is passed on, so that
	// anybody who may ask for health cannot ask the database as often.
	readyFor     = time.Second
	readyTimeout = 3 * time.Second
)

// readiness says whether the server answers calls.
type readiness struct {
	store    store.Store
	engine   *engine.Engine
	keySet   *jwks.Set // nil: no tokens of owners
	draining atomic.Bool

	mu     sync.Mutex
	asked  time.Time
	checks map[string]string
	ready  bool
}

// check returns what is well and what is not, in words without any detail.
func (r *readiness) check(ctx context.Context) (checks map[string]string, ready bool) {
	if r.draining.Load() {
		return map[string]string{"server": "shutting down"}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.asked) < readyFor {
		return r.checks, r.ready
	}
	// Not the caller's context: the answer is for others as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	r.checks, r.ready = map[string]string{}, true
	for _, c := range []struct {
		name, bad string
		err       error
	}{
		{"schema", "the database does not answer or its schema is not the one this program knows", r.store.CheckSchema(ctx)},
		{"clock", "the database does not answer or its clock and the server's disagree", r.engine.CheckClock(ctx)},
		{"keys", "the keys that tokens are signed with could not be read yet", r.keySetReady()},
		{"sums", "stored sums contradict themselves: run satcap verify", r.engine.Sound()},
	} {
		r.checks[c.name] = "ok"
		if c.err != nil {
			r.checks[c.name], r.ready = c.bad, false
		}
	}
	r.asked = time.Now()
	return r.checks, r.ready
}

func (r *readiness) keySetReady() error {
	if r.keySet == nil {
		return nil
	}
	return r.keySet.Ready()
}

// serveReadyz answers /readyz: 200 if the server answers calls, else 503.
func (r *readiness) serveReadyz(w http.ResponseWriter, req *http.Request) {
	checks, ready := r.check(req.Context())
	w.Header().Set("Content-Type", "application/json")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": ready, "checks": checks})
}

// serveHealthz answers /healthz: 200 as long as the process runs.
func serveHealthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"alive":true}` + "\n"))
}

// healthProcedure is Check of the gRPC health checking protocol
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md). Watch is
// not served, which clients must accept.
const healthProcedure = "/grpc.health.v1.Health/Check"

// registerHealth serves the protocol for the server as a whole and for each of
// its services.
func registerHealth(server *connect.Server, services []string, r *readiness) {
	known := map[string]bool{"": true}
	for _, s := range services {
		known[s] = true
	}
	server.Register(connect.Method{
		Spec: connect.Spec{StreamType: connect.StreamTypeUnary, Procedure: healthProcedure},
		Handler: func(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
			var req healthv1.HealthCheckRequest
			if err := stream.Receive(&req); err != nil {
				return err
			}
			if !known[req.GetService()] {
				return connect.NewError(connect.CodeNotFound, "unknown service")
			}
			res := &healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_NOT_SERVING}
			if _, ready := r.check(ctx); ready {
				res.Status = healthv1.HealthCheckResponse_SERVING
			}
			return stream.Send(res)
		},
	})
}
