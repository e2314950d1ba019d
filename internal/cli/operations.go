// Operations of a batch and their results, as the command line reads and shows them.

package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
)

// parserPrefix is what protojson puts before its errors, whose spaces vary from
// build to build; the line that it counts is always the first.
var parserPrefix = regexp.MustCompile(`^proto:[ \x{a0}](?:syntax error )?(?:\(line \d+:(\d+)\): )?`)

// parseOperation reads an operation in JSON and holds it against the rules in the
// .proto files, as the server would.
func parseOperation(text []byte) (*satcapv1.SpendOperation, error) {
	op := &satcapv1.SpendOperation{}
	if err := protojson.Unmarshal(text, op); err != nil {
		return nil, errors.New(parserPrefix.ReplaceAllString(err.Error(), "not an operation in JSON: "))
	}
	err := protovalidate.Validate(op)
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) {
		return op, err
	}
	var problems []string
	for _, v := range invalid.Violations {
		problems = append(problems, strings.TrimPrefix(
			fmt.Sprintf("%s: %s", protovalidate.FieldPathString(v.Proto.GetField()), v.Proto.GetMessage()), ": "))
	}
	return nil, errors.New(strings.Join(problems, "; "))
}

// chosen is the message in the only oneof of m, and its name; nil if there is none.
func chosen(m proto.Message) (string, any) {
	r := m.ProtoReflect()
	field := r.WhichOneof(r.Descriptor().Oneofs().Get(0))
	if field == nil || field.Kind() != protoreflect.MessageKind {
		return "", nil
	}
	return string(field.Name()), r.Get(field).Message().Interface()
}

func operationName(op *satcapv1.SpendOperation) string {
	name, _ := chosen(op)
	return name
}

// requestedSpend is the spend that an operation names, or "".
func requestedSpend(op *satcapv1.SpendOperation) string {
	_, req := chosen(op)
	if named, ok := req.(interface{ GetSpendId() string }); ok {
		return named.GetSpendId()
	}
	return ""
}

// resultSpend is the spend after an operation that succeeded.
func resultSpend(result *satcapv1.SpendResult) *satcapv1.Spend {
	_, res := chosen(result)
	if about, ok := res.(interface{ GetSpend() *satcapv1.Spend }); ok {
		return about.GetSpend()
	}
	return nil
}

// statusReason is the reason of an error within an answer, or "".
func statusReason(failed *status.Status) string {
	for _, detail := range failed.GetDetails() {
		var info errdetails.ErrorInfo
		if detail.MessageIs(&info) && detail.UnmarshalTo(&info) == nil && info.GetDomain() == errorDomain {
			return info.GetReason()
		}
	}
	return ""
}

// describeStatus is describe for an error within an answer.
func describeStatus(failed *status.Status) string {
	kind := statusReason(failed)
	if kind == "" {
		kind = connect.Code(failed.GetCode()).String()
	}
	if failed.GetMessage() == "" {
		return kind
	}
	return fmt.Sprintf("%s (%s)", failed.GetMessage(), kind)
}

// knownDetails leaves out those that only a newer server has, as they cannot be
// written as JSON here.
func knownDetails(details []*anypb.Any) []*anypb.Any {
	var known []*anypb.Any
	for _, detail := range details {
		if _, err := detail.UnmarshalNew(); err == nil {
			known = append(known, detail)
		}
	}
	return known
}
