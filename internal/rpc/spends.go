// SpendService: what the core API does with payments.

package rpc

import (
	"context"
	"time"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

type spendService struct {
	engine  *engine.Engine
	holdTTL time.Duration
}

func (s *spendService) CheckSpend(ctx context.Context, req *satcapv1.CheckSpendRequest) (*satcapv1.CheckSpendResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	view, refusal, err := s.engine.Check(ctx, ref, req.GetAmountSats())
	if err != nil {
		return nil, err
	}
	res := &satcapv1.CheckSpendResponse{Allowed: view.MayHold(req.GetAmountSats()), Usage: usageToProto(view.Usage())}
	if refusal != nil && view.Key.Usable(view.NowUs) == nil {
		res.LimitExceeded = limitExceededToProto(refusal)
	}
	return res, nil
}

func (s *spendService) ReserveSpend(ctx context.Context, req *satcapv1.ReserveSpendRequest) (*satcapv1.ReserveSpendResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	ttl := s.holdTTL
	if req.GetTtl() != nil {
		ttl = req.GetTtl().AsDuration()
	}
	r, err := s.engine.Do(ctx, ledger.Reserve{
		KeyRef: ref, SpendID: req.GetSpendId(), AmountSats: req.GetAmountSats(), TTLUs: ttl.Microseconds(),
	})
	if err != nil {
		return nil, err
	}
	return &satcapv1.ReserveSpendResponse{
		Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision, Replayed: r.Replayed,
	}, nil
}

func (s *spendService) SettleSpend(ctx context.Context, req *satcapv1.SettleSpendRequest) (*satcapv1.SettleSpendResponse, error) {
	r, err := s.settle(ctx, req.GetApiKeyId(), req.GetSpendId(), req.GetAmountSats(), req.GetTransactionId())
	if err != nil {
		return nil, err
	}
	return &satcapv1.SettleSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}, nil
}

func (s *spendService) RecordSpend(ctx context.Context, req *satcapv1.RecordSpendRequest) (*satcapv1.RecordSpendResponse, error) {
	r, err := s.settle(ctx, req.GetApiKeyId(), req.GetSpendId(), req.GetAmountSats(), req.GetTransactionId())
	if err != nil {
		return nil, err
	}
	return &satcapv1.RecordSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}, nil
}

// settle books a payment; an amount of 0 means what was held.
func (s *spendService) settle(ctx context.Context, key, spendID string, amountSats int64, transactionID string) (ledger.Result, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(key))
	if err != nil {
		return ledger.Result{}, err
	}
	return s.engine.Do(ctx, ledger.Settle{KeyRef: ref, SpendID: spendID, AmountSats: amountSats, TransactionID: transactionID})
}

func (s *spendService) ReleaseSpend(ctx context.Context, req *satcapv1.ReleaseSpendRequest) (*satcapv1.ReleaseSpendResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	r, err := s.engine.Do(ctx, ledger.Release{KeyRef: ref, SpendID: req.GetSpendId()})
	if err != nil {
		return nil, err
	}
	return &satcapv1.ReleaseSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}, nil
}

func (s *spendService) ReverseSpend(ctx context.Context, req *satcapv1.ReverseSpendRequest) (*satcapv1.ReverseSpendResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	r, err := s.engine.Do(ctx, ledger.Reverse{KeyRef: ref, SpendID: req.GetSpendId(), TransactionID: req.GetTransactionId()})
	if err != nil {
		return nil, err
	}
	return &satcapv1.ReverseSpendResponse{Spend: spendToProto(r.Spend), Usage: usageToProto(r.Key.Usage()), Revision: r.Key.Revision}, nil
}
