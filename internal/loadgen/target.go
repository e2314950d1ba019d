// The server as the callers see it: one call, over one of several connections.

package loadgen

import (
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
)

// errorDomain is satcap's own, in its errors.
const errorDomain = "satcap"

// outcome is what a call came to.
type outcome struct {
	// reason is the server's, or the code where there is none; "" after success.
	reason string
	// unreached: no server answered.
	unreached bool
}

// target is a server behind one protocol.
type target interface {
	// attach adds to the context of all calls what they have in common.
	attach(ctx context.Context) context.Context
	// invoke makes one call for a caller. It decodes the answer into res, or not at
	// all where that is nil.
	invoke(ctx context.Context, caller int, procedure string, req, res proto.Message) outcome
	// close closes the connections.
	close()
}

func newTarget(cfg *Config) (target, error) {
	switch cfg.Protocol {
	case GRPC:
		return newGRPCTarget(cfg)
	case GRPCWeb:
		return newGRPCWebTarget(cfg), nil
	default:
		return newJSONTarget(cfg), nil
	}
}

// reasonOf is the reason in the details of an error, or "".
func reasonOf(detail proto.Message) string {
	if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == errorDomain {
		return info.GetReason()
	}
	return ""
}

// failure is the outcome of a call that failed with a code.
func failure(reason, code string) outcome {
	if reason != "" {
		return outcome{reason: reason}
	}
	return outcome{reason: code, unreached: code == "unavailable"}
}
