// Package rpc is the API: it turns messages into operations of the engine and
// answers into messages, and it is the one place where errors become codes
// (errors.go). It decides nothing.
package rpc

import (
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/validate"

	"github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	"github.com/satcap/satcap/internal/apikey"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/rpc/blink"
)

// MaxRequestBytes is the largest request that is read, before and after
// decompression, but for a batch: see MaxBatchBytes.
const MaxRequestBytes = 64 << 10

// Config is what the services need.
type Config struct {
	Engine *engine.Engine
	// Authenticator finds out who is calling, with what each call brought with
	// it: see WithConnection.
	Authenticator auth.Authenticator
	// Keys answers AuthService, and whether a key that watches still may.
	Keys *auth.Keys
	// Failures counts wrong credentials per client address.
	Failures *auth.Failures
	// Log takes one record per call.
	Log *slog.Logger
	// SecretPrefix begins the secrets of new keys.
	SecretPrefix apikey.Prefix
	// HoldTTL is how long a hold counts if the request does not say.
	HoldTTL time.Duration
}

// NewServer registers all services. The interceptors run in this order: a
// record of the call and of panics; errors become codes; who is calling and may
// it call this, before anything of the request is read; whether its headers make
// sense; then the validation that stands in the .proto files.
func NewServer(c Config) *connect.Server {
	server := connect.NewServer(
		observe(c.Log),
		answerErrors(),
		authenticate(c.Authenticator, c.Keys, c.Failures, c.Log),
		refuseFaults(),
		validate.NewServerInterceptor(),
	)
	satcapv1connect.RegisterApiKeyServiceHandler(server, &keyService{engine: c.Engine, prefix: c.SecretPrefix})
	satcapv1connect.RegisterLimitServiceHandler(server, &limitService{engine: c.Engine})
	satcapv1connect.RegisterUsageServiceHandler(server, &usageService{engine: c.Engine})
	satcapv1connect.RegisterSpendServiceHandler(server, &spendService{engine: c.Engine, holdTTL: c.HoldTTL})
	satcapv1connect.RegisterAuthServiceHandler(server, &authService{keys: c.Keys})
	blink.Register(server, c.Engine, c.HoldTTL)
	server.SetUnknownHandler(unknownMethod)
	return server
}

// NewBlinkServer registers Blink's contract alone, for a port on which nobody has
// to prove who it is: every caller is a service that spends. Of c it takes
// Engine, Log and HoldTTL.
func NewBlinkServer(c Config) *connect.Server {
	server := connect.NewServer(
		observe(c.Log),
		answerErrors(),
		admit(auth.Caller{Kinds: auth.ServiceSpends, Authentication: "none"}),
		refuseFaults(),
		validate.NewServerInterceptor(),
	)
	blink.Register(server, c.Engine, c.HoldTTL)
	server.SetUnknownHandler(unknownMethod)
	return server
}

// Mount serves the services on mux: Connect, gRPC and gRPC-Web, by POST only.
func Mount(mux *http.ServeMux, server *connect.Server) {
	connecthttp.Mount(checkedMux{mux, streams(server)}, server, connecthttp.WithCodecs(codecs()...),
		connecthttp.WithConditionalOptions(func(spec connect.Spec) []connecthttp.Option {
			return []connecthttp.Option{connecthttp.WithReadMaxBytes(ReadMaxBytes(spec.Procedure))}
		}))
}

// ReadMaxBytes is the largest request of a procedure that is read, before and
// after decompression.
func ReadMaxBytes(procedure string) int {
	if procedure == satcapv1connect.SpendServiceApplySpendsProcedure {
		return MaxBatchBytes
	}
	return MaxRequestBytes
}
