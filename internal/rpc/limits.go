// LimitService: what an owner does with limits.

package rpc

import (
	"context"
	"math"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/auth"
	"github.com/satcap/satcap/internal/engine"
	"github.com/satcap/satcap/internal/ledger"
	"github.com/satcap/satcap/internal/store"
)

type limitService struct{ engine *engine.Engine }

func (s *limitService) UpdateLimits(ctx context.Context, req *satcapv1.UpdateLimitsRequest) (*satcapv1.UpdateLimitsResponse, error) {
	grant := auth.GrantOf(ctx)
	ref, err := grant.Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	op := ledger.UpdateLimits{KeyRef: ref, ExpectedRevision: req.ExpectedRevision, Actor: grant.Caller.Actor()}
	for _, u := range req.GetUpdates() {
		// Where unlimited is set, limit_sats is 0, which is unlimited.
		op.Updates = append(op.Updates, ledger.LimitUpdate{Window: windowFromProto(u.GetWindow()), LimitSats: u.GetLimitSats()})
	}
	r, err := doOwned(ctx, s.engine, op)
	if err != nil {
		return nil, err
	}
	return &satcapv1.UpdateLimitsResponse{ApiKey: resultToProto(r)}, nil
}

func (s *limitService) ListLimitChanges(ctx context.Context, req *satcapv1.ListLimitChangesRequest) (*satcapv1.ListLimitChangesResponse, error) {
	ref, err := auth.GrantOf(ctx).Key(keyID(req.GetApiKeyId()))
	if err != nil {
		return nil, err
	}
	size, revision, window := pageSize(req), int64(math.MaxInt64), int64(0)
	if err := pagePlace(req, &revision, &window); err != nil {
		return nil, err
	}
	changes, err := s.engine.ListLimitChanges(ctx, ref, store.ListLimitChangesParams{
		BeforeRevision: revision, BeforeWindow: window, Limit: size + 1,
	})
	if err != nil {
		return nil, err
	}
	res := &satcapv1.ListLimitChangesResponse{}
	if len(changes) > size {
		changes = changes[:size]
		last := changes[size-1]
		res.NextPageToken = pageToken(req, last.Revision, int64(last.Window))
	}
	for _, c := range changes {
		res.Changes = append(res.Changes, &satcapv1.LimitChange{
			Window: windowToProto(c.Window), OldLimitSats: limitToProto(c.FromSats), NewLimitSats: limitToProto(c.ToSats),
			ChangeTime: timestamp(c.ChangedAtUs), Subject: c.Actor.Subject, Authentication: c.Actor.Authentication, Revision: c.Revision,
		})
	}
	return res, nil
}

// resultToProto is the key after an operation.
func resultToProto(r ledger.Result) *satcapv1.ApiKey {
	return keyToProto(r.Key, r.Key.AsOfUs, r.Key.Usage())
}
