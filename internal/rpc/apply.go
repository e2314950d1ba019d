// SpendService.ApplySpends: many operations in one call, each by the same path as
// in a call of its own.

package rpc

import (
	"context"
	"errors"
	"fmt"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/types/descriptorpb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
)

// MaxBatchBytes is the largest request of ApplySpends that is read, before and
// after decompression: room for 1,000 operations with the longest names, every
// character of them escaped in JSON.
const MaxBatchBytes = 4 << 20

func (s *spendService) ApplySpends(ctx context.Context, req *satcapv1.ApplySpendsRequest) (*satcapv1.ApplySpendsResponse, error) {
	res := &satcapv1.ApplySpendsResponse{Results: make([]*satcapv1.SpendResult, len(req.GetOperations()))}
	var (
		grant   = auth.GrantOf(ctx)
		notes   = notesOf(ctx)
		ops     = make([]ledger.Operation, 0, len(res.Results))
		places  = make([]int, 0, len(res.Results)) // of ops among the results
		replies = make([]replyOf[*satcapv1.SpendResult], 0, len(res.Results))
	)
	for i, item := range req.GetOperations() {
		op, reply, err := s.item(grant, i, item)
		if err != nil {
			res.Results[i] = failedItem(notes, err)
			continue
		}
		ops, places, replies = append(ops, op), append(places, i), append(replies, reply)
	}
	outcomes := s.engine.DoMany(ctx, ops)
	if err := ctx.Err(); err != nil {
		return nil, err // the call is over, and nobody reads what became of its parts
	}
	for i, o := range outcomes {
		if o.Err != nil {
			res.Results[places[i]] = failedItem(notes, o.Err)
			continue
		}
		notes.ended(nil)
		res.Results[places[i]] = replies[i](o.Result)
	}
	return res, nil
}

// item reads the operation at a place of the batch: what the engine is to do, and
// how that is answered.
func (s *spendService) item(g auth.Grant, at int, item *satcapv1.SpendOperation) (op ledger.Operation, reply replyOf[*satcapv1.SpendResult], err error) {
	if err := validItem(at, item); err != nil {
		return nil, nil, err
	}
	switch o := item.GetOperation().(type) {
	case *satcapv1.SpendOperation_Reserve:
		op, err = s.reserve(g, o.Reserve)
		reply = func(r ledger.Result) *satcapv1.SpendResult {
			return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Reserve{Reserve: reserved(r)}}
		}
	case *satcapv1.SpendOperation_Settle:
		op, err = settle(g, o.Settle)
		reply = func(r ledger.Result) *satcapv1.SpendResult {
			return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Settle{Settle: settled(r)}}
		}
	case *satcapv1.SpendOperation_Release:
		op, err = release(g, o.Release)
		reply = func(r ledger.Result) *satcapv1.SpendResult {
			return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Release{Release: released(r)}}
		}
	case *satcapv1.SpendOperation_Reverse:
		op, err = reverse(g, o.Reverse)
		reply = func(r ledger.Result) *satcapv1.SpendResult {
			return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Reverse{Reverse: reversed(r)}}
		}
	case *satcapv1.SpendOperation_Record:
		op, err = record(g, o.Record)
		reply = func(r ledger.Result) *satcapv1.SpendResult {
			return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Record{Record: recorded(r)}}
		}
	default:
		err = fmt.Errorf("rpc: an operation of the type %T", o)
	}
	return op, reply, err
}

// failedItem is the answer to one operation that its own call would have failed with.
func failedItem(notes *batchNotes, err error) *satcapv1.SpendResult {
	answered := toConnect(err)
	notes.ended(answered)
	return &satcapv1.SpendResult{Result: &satcapv1.SpendResult_Error{Error: toStatus(answered)}}
}

// validItem holds one operation against the rules in the .proto files. The path
// to a field begins at the batch.
func validItem(at int, item *satcapv1.SpendOperation) error {
	err := protovalidate.Validate(item)
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	for _, v := range invalid.Violations {
		if v.Proto.Field == nil {
			v.Proto.Field = &validate.FieldPath{}
		}
		v.Proto.Field.Elements = append([]*validate.FieldPathElement{pathOf(at)}, v.Proto.Field.GetElements()...)
	}
	return invalidRequest(invalid)
}

// operationsField is the field that the operations of a batch are in.
var operationsField = (&satcapv1.ApplySpendsRequest{}).ProtoReflect().Descriptor().Fields().ByName("operations")

// pathOf is the path to one operation of a batch.
func pathOf(at int) *validate.FieldPathElement {
	number, name := int32(operationsField.Number()), string(operationsField.Name())
	return &validate.FieldPathElement{
		FieldNumber: &number, FieldName: &name, FieldType: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(),
		Subscript: &validate.FieldPathElement_Index{Index: uint64(at)},
	}
}
