// Faults of a request's headers. Connect would answer them by itself: without a
// reason, in words of its own, and past every interceptor.

package rpc

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"connectrpc.com/connect/v2"
)

// headerRule is what a header may say in one protocol.
type headerRule struct {
	header string
	grpc   bool // of gRPC and gRPC-Web; else of Connect
	valid  *regexp.Regexp
	fault  *connect.Error
}

var (
	encodings   = regexp.MustCompile(`^(gzip|identity)$`)
	badEncoding = connect.NewError(connect.CodeUnimplemented, "this compression is not supported: use gzip or none")
)

var headerRules = []headerRule{
	{"Connect-Timeout-Ms", false, regexp.MustCompile(`^[0-9]{1,10}$`), badHeader("Connect-Timeout-Ms: must be 1 to 10 digits")},
	{"Connect-Protocol-Version", false, regexp.MustCompile(`^1$`), badHeader("Connect-Protocol-Version: must be 1")},
	{"Content-Encoding", false, encodings, badEncoding},
	{"Connect-Content-Encoding", false, encodings, badEncoding},
	{"Grpc-Timeout", true, regexp.MustCompile(`^[0-9]{1,8}[HMSmun]$`), badHeader("Grpc-Timeout: must be 1 to 8 digits and a unit")},
	{"Grpc-Encoding", true, encodings, badEncoding},
}

func badHeader(message string) *connect.Error {
	return connect.NewError(connect.CodeInvalidArgument, message)
}

type headerFault struct{}

// takeFaults takes wrong headers out of a request and remembers the first of
// them for refuseFaults.
func takeFaults(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		grpc := strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
		var fault *connect.Error
		for _, rule := range headerRules {
			value := r.Header.Get(rule.header)
			if rule.grpc != grpc || value == "" || rule.valid.MatchString(value) {
				continue
			}
			if fault == nil {
				fault = rule.fault
			}
			r.Header.Del(rule.header)
		}
		if fault != nil {
			r = r.WithContext(context.WithValue(r.Context(), headerFault{}, fault))
		}
		next.ServeHTTP(w, r)
	})
}

// refuseFaults answers requests whose headers were wrong.
func refuseFaults() connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			if fault, ok := ctx.Value(headerFault{}).(*connect.Error); ok {
				return fault
			}
			return next(ctx, spec, stream)
		}
	}
}

// checkedMux puts takeFaults in front of everything that is mounted on it, and
// bounds the streams among it.
type checkedMux struct {
	mux     *http.ServeMux
	streams map[string]bool
}

func (m checkedMux) Handle(pattern string, handler http.Handler) {
	if m.streams[pattern] {
		handler = bounded(handler)
	}
	m.mux.Handle(pattern, takeFaults(handler))
}
