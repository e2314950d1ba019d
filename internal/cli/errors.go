// What went wrong: the exit codes, and the one place that reads a server's error.

package cli

import (
	"errors"
	"fmt"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
)

// The exit codes. They are part of the command line's interface: scripts branch
// on them, so a number never changes its meaning.
const (
	exitOK            = 0
	exitError         = 1
	exitUsage         = 2
	exitDenied        = 4
	exitNotFound      = 5
	exitLimitExceeded = 8
	exitUnavailable   = 75 // EX_TEMPFAIL of sysexits.h
)

const exitCodeHelp = `Exit codes:
  0   ok
  1   error
  2   usage error: bad flags, arguments or environment
  4   unauthenticated or permission denied
  5   not found
  8   spending limit exceeded
  75  unavailable or timed out: try again`

const (
	errorDomain         = "satcap"
	reasonLimitExceeded = "SPENDING_LIMIT_EXCEEDED"
)

// usageError is a mistake in how the command was called.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// refusedError says that a limit refused, and nothing else went wrong.
type refusedError struct{ message string }

func (e *refusedError) Error() string { return e.message }

// runError is an error that a command returned, as opposed to cobra.
type runError struct{ error }

func (e *runError) Unwrap() error { return e.error }

// remoteError returns the error of a call to the server, if err is one.
func remoteError(err error) (*connect.Error, bool) {
	var remote *connect.Error
	ok := errors.As(err, &remote)
	return remote, ok
}

// reason is the server's machine-readable reason, or "" where there is none: the
// server was not reached, or something else answered.
func reason(err *connect.Error) string {
	for _, detail := range err.Details() {
		message, decodeErr := connectproto.UnmarshalErrorDetail(detail)
		if decodeErr != nil {
			// A newer server may send details that are not known here.
			continue
		}
		if info, ok := message.(*errdetails.ErrorInfo); ok && info.GetDomain() == errorDomain {
			return info.GetReason()
		}
	}
	return ""
}

// exitCode is the exit code for an error that a command returned.
func exitCode(err error) int {
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	var refused *refusedError
	if errors.As(err, &refused) {
		return exitLimitExceeded
	}
	remote, ok := remoteError(err)
	if !ok {
		return exitError
	}
	// By reason, not by code: resource_exhausted is also a message that is too big.
	if reason(remote) == reasonLimitExceeded {
		return exitLimitExceeded
	}
	switch remote.Code() {
	case connect.CodeInvalidArgument:
		return exitUsage
	case connect.CodeUnauthenticated, connect.CodePermissionDenied:
		return exitDenied
	case connect.CodeNotFound:
		return exitNotFound
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded:
		return exitUnavailable
	default:
		return exitError
	}
}

// describe is err in one line: for a server's error its message and reason, or
// the code where it gave no reason.
func describe(err error) string {
	remote, ok := remoteError(err)
	if !ok {
		return printable(err.Error())
	}
	kind := reason(remote)
	if kind == "" {
		kind = remote.Code().String()
	}
	if remote.Message() == "" {
		return printable(kind)
	}
	return printable(fmt.Sprintf("%s (%s)", remote.Message(), kind))
}
