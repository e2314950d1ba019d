// The table: who may call what.

package auth

import (
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
)

// table names, for every RPC, the kinds of caller that may call it. Nothing
// that creates, changes or revokes a key or a limit is open to KeyItself,
// whatever the key's scopes: a key can never widen its own cap.
var table = map[string]Kinds{
	v1.ApiKeyServiceCreateApiKeyProcedure: Owner,
	v1.ApiKeyServiceGetApiKeyProcedure:    Owner,
	v1.ApiKeyServiceListApiKeysProcedure:  Owner,
	v1.ApiKeyServiceRenameApiKeyProcedure: Owner,
	v1.ApiKeyServicePauseApiKeyProcedure:  Owner,
	v1.ApiKeyServiceResumeApiKeyProcedure: Owner,
	v1.ApiKeyServiceRevokeApiKeyProcedure: Owner,

	v1.LimitServiceUpdateLimitsProcedure:     Owner,
	v1.LimitServiceListLimitChangesProcedure: Owner,

	v1.UsageServiceGetUsageProcedure:   Owner | KeyItself | Service,
	v1.UsageServiceListSpendsProcedure: Owner | KeyItself | Service,

	v1.SpendServiceCheckSpendProcedure:   Service,
	v1.SpendServiceReserveSpendProcedure: Service,
	v1.SpendServiceSettleSpendProcedure:  Service,
	v1.SpendServiceReleaseSpendProcedure: Service,
	v1.SpendServiceReverseSpendProcedure: Service,
	v1.SpendServiceRecordSpendProcedure:  Service,
}

// Permit returns what the caller may reach in a call of the procedure, or
// [ErrPermissionDenied], or [ErrUnlisted].
func Permit(procedure string, c Caller) (Grant, error) {
	allowed, ok := table[procedure]
	if !ok {
		return Grant{}, ErrUnlisted
	}
	if c.Subject == "" {
		c.Kinds &^= Owner // without a name it would own every key
	}
	as := allowed & c.Kinds
	if as == 0 {
		return Grant{}, ErrPermissionDenied
	}
	return Grant{Caller: c, as: as}, nil
}
