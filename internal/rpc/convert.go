// Between the messages of the API and the ledger's types.

package rpc

import (
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	satcapv1 "github.com/satcap/satcap/gen/satcap/v1"
	"github.com/satcap/satcap/internal/ledger"
)

// keyID reads an id that the validation has found to be a UUID.
func keyID(text string) ledger.KeyID {
	id, err := uuid.Parse(text)
	if err != nil {
		return ledger.KeyID{} // no key has it
	}
	return ledger.KeyID(id)
}

// keyText is a key's id as people read it.
func keyText(id ledger.KeyID) string { return uuid.UUID(id).String() }

// timestamp writes microseconds; 0 is no time at all.
func timestamp(us int64) *timestamppb.Timestamp {
	if us == 0 {
		return nil
	}
	return timestamppb.New(time.UnixMicro(us))
}

// micros reads a time, rounded down to the microsecond; none is 0.
func micros(t *timestamppb.Timestamp) int64 {
	if t == nil {
		return 0
	}
	return t.AsTime().UnixMicro()
}

func windowToProto(w ledger.Window) satcapv1.LimitWindow { return satcapv1.LimitWindow(w + 1) }

func windowFromProto(w satcapv1.LimitWindow) ledger.Window { return ledger.Window(w - 1) }

// limitToProto writes a limit; unlimited is absent.
func limitToProto(sats int64) *int64 {
	if sats == 0 {
		return nil
	}
	return &sats
}

func windowUsageToProto(u ledger.WindowUsage) *satcapv1.WindowUsage {
	out := &satcapv1.WindowUsage{
		Window: windowToProto(u.Window), LimitSats: limitToProto(u.LimitSats),
		SpentSats: u.SpentSats, HeldSats: u.HeldSats,
		NextReleaseTime: timestamp(u.NextRelease.AtUs), NextReleaseSats: u.NextRelease.AmountSats,
	}
	if u.LimitSats != 0 {
		out.RemainingSats = &u.RemainingSats
	}
	return out
}

func usageToProto(u ledger.Usage) []*satcapv1.WindowUsage {
	out := make([]*satcapv1.WindowUsage, 0, len(u))
	for _, w := range u {
		out = append(out, windowUsageToProto(w))
	}
	return out
}

func limitExceededToProto(e *ledger.LimitExceededError) *satcapv1.LimitExceeded {
	out := &satcapv1.LimitExceeded{
		ApiKeyId: keyText(e.KeyID), RequestedSats: e.RequestedSats, MaxAllowedSats: e.MaxAllowedSats,
		AvailableTime: timestamp(e.AvailableAtUs), AvailableNotBefore: timestamp(e.AvailableNotBeforeUs),
	}
	for _, v := range e.Violations {
		out.Violations = append(out.Violations, windowUsageToProto(v))
	}
	return out
}

func spendToProto(s ledger.Spend) *satcapv1.Spend {
	var releasedAtUs int64
	if s.State == ledger.Released {
		releasedAtUs = s.UpdatedAtUs // nothing but the next rung changes it again
	}
	return &satcapv1.Spend{
		ApiKeyId: keyText(s.KeyID), SpendId: s.ID, State: satcapv1.Spend_State(s.State),
		AmountSats: s.AmountSats, HeldSats: s.HeldSats, TransactionId: s.TransactionID,
		ReserveTime: timestamp(s.ReservedAtUs), ExpireTime: timestamp(s.ExpiresAtUs),
		SettleTime: timestamp(s.SettledAtUs), ReverseTime: timestamp(s.ReversedAtUs),
		ReleaseTime: timestamp(releasedAtUs), Late: s.Late, OverHold: s.OverHold, Unreserved: s.Unreserved,
	}
}

// keyToProto writes a key whose sums are as of nowUs.
func keyToProto(k ledger.Key, nowUs int64, usage ledger.Usage) *satcapv1.ApiKey {
	return &satcapv1.ApiKey{
		ApiKeyId: keyText(k.ID), Name: k.Name, Subject: k.Subject, Scopes: scopesToProto(k.Scopes),
		SecretPrefix: k.SecretPrefix, State: keyState(&k, nowUs),
		CreateTime: timestamp(k.CreatedAtUs), ExpireTime: timestamp(k.ExpiresAtUs),
		RevokeTime: timestamp(k.RevokedAtUs), LastUseTime: timestamp(k.LastUsedAtUs),
		Revision: k.Revision, Usage: usageToProto(usage),
	}
}

func viewToProto(v *ledger.View) *satcapv1.ApiKey {
	return keyToProto(v.Current(), v.NowUs, v.Usage())
}

func keyState(k *ledger.Key, nowUs int64) satcapv1.ApiKey_State {
	switch k.Usable(nowUs) {
	case ledger.ErrKeyRevoked:
		return satcapv1.ApiKey_STATE_REVOKED
	case ledger.ErrKeyExpired:
		return satcapv1.ApiKey_STATE_EXPIRED
	case ledger.ErrKeyPaused:
		return satcapv1.ApiKey_STATE_PAUSED
	}
	return satcapv1.ApiKey_STATE_ACTIVE
}

// allScopes pairs the scopes of the API with the ledger's, in the order of replies.
var allScopes = []struct {
	proto  satcapv1.ApiKey_Scope
	ledger ledger.Scopes
}{
	{satcapv1.ApiKey_SCOPE_READ, ledger.ScopeRead},
	{satcapv1.ApiKey_SCOPE_RECEIVE, ledger.ScopeReceive},
	{satcapv1.ApiKey_SCOPE_WRITE, ledger.ScopeWrite},
}

func scopesToProto(set ledger.Scopes) []satcapv1.ApiKey_Scope {
	var out []satcapv1.ApiKey_Scope
	for _, s := range allScopes {
		if set&s.ledger != 0 {
			out = append(out, s.proto)
		}
	}
	return out
}

func scopesFromProto(list []satcapv1.ApiKey_Scope) ledger.Scopes {
	var set ledger.Scopes
	for _, s := range allScopes {
		for _, named := range list {
			if named == s.proto {
				set |= s.ledger
			}
		}
	}
	return set
}
