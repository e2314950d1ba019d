// The operations on spends: what each request asks of the engine, and what each
// result is answered, in a call of its own and in a batch alike.

package rpc

import (
	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/ledger"
)

// operationOf reads a request that has passed the validation, and names its key
// as the caller may reach it.
type operationOf[Req any] func(auth.Grant, Req) (ledger.Operation, error)

// replyOf writes what became of an operation.
type replyOf[Res any] func(ledger.Result) Res

func (s *spendService) reserve(g auth.Grant, req *satcapv1.ReserveSpendRequest) (ledger.Operation, error) {
	ref, err := g.Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	ttl := s.holdTTL
	if req.GetTtl() != nil {
		ttl = req.GetTtl().AsDuration()
	}
	return ledger.Reserve{KeyRef: ref, SpendID: req.GetSpendId(), AmountSats: req.GetAmountSats(), TTLUs: ttl.Microseconds()}, nil
}

func reserved(r ledger.Result) *satcapv1.ReserveSpendResponse {
	return &satcapv1.ReserveSpendResponse{
		Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision, Replayed: r.Replayed,
	}
}

// settle without an amount means what was held.
func settle(g auth.Grant, req *satcapv1.SettleSpendRequest) (ledger.Operation, error) {
	return booking(g, req)
}

func settled(r ledger.Result) *satcapv1.SettleSpendResponse {
	return &satcapv1.SettleSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}
}

func record(g auth.Grant, req *satcapv1.RecordSpendRequest) (ledger.Operation, error) {
	return booking(g, req)
}

func recorded(r ledger.Result) *satcapv1.RecordSpendResponse {
	return &satcapv1.RecordSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}
}

// booking is a payment that happened, under either name; an amount of 0 is none.
func booking(g auth.Grant, req interface {
	GetApiKeyId() string
	GetSpendId() string
	GetAmountSats() int64
	GetTransactionId() string
}) (ledger.Operation, error) {
	ref, err := g.Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	return ledger.Settle{KeyRef: ref, SpendID: req.GetSpendId(), AmountSats: req.GetAmountSats(), TransactionID: req.GetTransactionId()}, nil
}

func release(g auth.Grant, req *satcapv1.ReleaseSpendRequest) (ledger.Operation, error) {
	ref, err := g.Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	return ledger.Release{KeyRef: ref, SpendID: req.GetSpendId()}, nil
}

func released(r ledger.Result) *satcapv1.ReleaseSpendResponse {
	return &satcapv1.ReleaseSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}
}

func reverse(g auth.Grant, req *satcapv1.ReverseSpendRequest) (ledger.Operation, error) {
	ref, err := g.Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	return ledger.Reverse{KeyRef: ref, SpendID: req.GetSpendId(), TransactionID: req.GetTransactionId()}, nil
}

func reversed(r ledger.Result) *satcapv1.ReverseSpendResponse {
	return &satcapv1.ReverseSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}
}
