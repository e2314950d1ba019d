// Package blink answers the contract services.api_keys.v1, by which Blink's core
// API asks about spending. It translates and has no rules of its own: holds,
// limits and windows are the ledger's, under the same locks as everybody's.
//
// # Names
//
// The name of a hold begins with the id of its key, so whoever names a hold names
// its key. A transaction does not, and ReverseSpending names nothing else. So
// which key and spend a transaction belongs to is written down in a registry,
// before anything is booked under its name: see [service.ReverseSpending].
package blink

import (
	"context"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"

	apikeysv1 "github.com/satcap/satcap/gen/services/api_keys/v1"
	"github.com/satcap/satcap/gen/services/api_keys/v1/apikeysv1connect"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
)

// ServiceName is the service's full name.
const ServiceName = apikeysv1connect.ApiKeysServiceName

// Serves says whether the procedure is one of this contract.
func Serves(procedure string) bool { return strings.HasPrefix(procedure, "/"+ServiceName+"/") }

// Register adds the service to server. holdTTL is how long a hold counts that
// nothing is heard of.
func Register(server *connect.Server, e *engine.Engine, holdTTL time.Duration) {
	apikeysv1connect.RegisterApiKeysServiceHandler(server, &service{engine: e, holdTTL: holdTTL})
}

type service struct {
	engine  *engine.Engine
	holdTTL time.Duration
}

// reach names a key of a request as the caller may reach it.
func reach(ctx context.Context, apiKeyID string) (ledger.KeyRef, error) {
	id, err := uuid.Parse(apiKeyID)
	if err != nil {
		return ledger.KeyRef{}, ledger.ErrKeyNotFound
	}
	return auth.GrantOf(ctx).Key(ledger.KeyID(id))
}

func (s *service) CheckSpendingLimit(ctx context.Context, req *apikeysv1.CheckSpendingLimitRequest) (*apikeysv1.CheckSpendingLimitResponse, error) {
	view, err := s.view(ctx, req.GetApiKeyId())
	if err != nil {
		return nil, err
	}
	if err := view.Key.Usable(view.NowUs); err != nil {
		return nil, err
	}
	u := view.Usage()
	return &apikeysv1.CheckSpendingLimitResponse{
		Allowed:              view.MayHold(req.GetAmountSats()),
		DailyLimitSats:       limit(u[ledger.Daily]),
		WeeklyLimitSats:      limit(u[ledger.Weekly]),
		MonthlyLimitSats:     limit(u[ledger.Monthly]),
		AnnualLimitSats:      limit(u[ledger.Annual]),
		DailySpentSats:       spent(u[ledger.Daily]),
		WeeklySpentSats:      spent(u[ledger.Weekly]),
		MonthlySpentSats:     spent(u[ledger.Monthly]),
		AnnualSpentSats:      spent(u[ledger.Annual]),
		RemainingDailySats:   remaining(u[ledger.Daily]),
		RemainingWeeklySats:  remaining(u[ledger.Weekly]),
		RemainingMonthlySats: remaining(u[ledger.Monthly]),
		RemainingAnnualSats:  remaining(u[ledger.Annual]),
	}, nil
}

func (s *service) GetSpendingSummary(ctx context.Context, req *apikeysv1.GetSpendingSummaryRequest) (*apikeysv1.GetSpendingSummaryResponse, error) {
	view, err := s.view(ctx, req.GetApiKeyId())
	if err != nil {
		return nil, err
	}
	u := view.Usage()
	return &apikeysv1.GetSpendingSummaryResponse{
		DailyLimitSats:       limit(u[ledger.Daily]),
		WeeklyLimitSats:      limit(u[ledger.Weekly]),
		MonthlyLimitSats:     limit(u[ledger.Monthly]),
		AnnualLimitSats:      limit(u[ledger.Annual]),
		DailySpentSats:       spent(u[ledger.Daily]),
		WeeklySpentSats:      spent(u[ledger.Weekly]),
		MonthlySpentSats:     spent(u[ledger.Monthly]),
		AnnualSpentSats:      spent(u[ledger.Annual]),
		RemainingDailySats:   remaining(u[ledger.Daily]),
		RemainingWeeklySats:  remaining(u[ledger.Weekly]),
		RemainingMonthlySats: remaining(u[ledger.Monthly]),
		RemainingAnnualSats:  remaining(u[ledger.Annual]),
	}, nil
}

func (s *service) view(ctx context.Context, apiKeyID string) (*ledger.View, error) {
	ref, err := reach(ctx, apiKeyID)
	if err != nil {
		return nil, err
	}
	return s.engine.View(ctx, ref)
}

// limit is the limit of a window; nil: none.
func limit(u ledger.WindowUsage) *int64 {
	if u.LimitSats == 0 {
		return nil
	}
	return &u.LimitSats
}

// spent is what counts in a window. The callers of this contract know no holds:
// to them what is held is spent.
func spent(u ledger.WindowUsage) int64 { return u.SpentSats + u.HeldSats }

// remaining is what is left of a window's limit; nil: there is none.
func remaining(u ledger.WindowUsage) *int64 {
	if u.LimitSats == 0 {
		return nil
	}
	return &u.RemainingSats
}
