// The table: who may call what.

package auth

import (
	v1 "github.com/satcap/satcap/gen/satcap/v1/satcapv1connect"
	blink "github.com/satcap/satcap/gen/services/api_keys/v1/apikeysv1connect"
)

// table names, for every RPC, the kinds of caller that may call it. Nothing
// that creates, changes or revokes a key or a limit is open to KeyItself,
// whatever the key's scopes: a key can never widen its own cap.
var table = map[string]Kinds{
	v1.ApiKeyServiceCreateApiKeyProcedure: OwnerWrites,
	v1.ApiKeyServiceGetApiKeyProcedure:    OwnerReads,
	v1.ApiKeyServiceListApiKeysProcedure:  OwnerReads,
	v1.ApiKeyServiceRenameApiKeyProcedure: OwnerWrites,
	v1.ApiKeyServicePauseApiKeyProcedure:  OwnerWrites,
	v1.ApiKeyServiceResumeApiKeyProcedure: OwnerWrites,
	v1.ApiKeyServiceRotateApiKeyProcedure: OwnerWrites,
	v1.ApiKeyServiceRevokeApiKeyProcedure: OwnerWrites,

	v1.LimitServiceUpdateLimitsProcedure:     OwnerWrites,
	v1.LimitServiceListLimitChangesProcedure: OwnerReads,

	v1.UsageServiceGetUsageProcedure:       OwnerReads | KeyItself | ServiceReads,
	v1.UsageServiceListSpendsProcedure:     OwnerReads | KeyItself | ServiceReads,
	v1.UsageServiceWatchUsageProcedure:     OwnerReads | KeyItself | ServiceReads,
	v1.UsageServiceGetSpendSeriesProcedure: OwnerReads | KeyItself | ServiceReads,

	v1.SpendServiceCheckSpendProcedure:   ServiceSpends,
	v1.SpendServiceReserveSpendProcedure: ServiceSpends,
	v1.SpendServiceSettleSpendProcedure:  ServiceSpends,
	v1.SpendServiceReleaseSpendProcedure: ServiceSpends,
	v1.SpendServiceReverseSpendProcedure: ServiceSpends,
	v1.SpendServiceRecordSpendProcedure:  ServiceSpends,
	v1.SpendServiceApplySpendsProcedure:  ServiceSpends,

	v1.AuthServiceVerifyApiKeyProcedure: ServiceVerifies,

	blink.ApiKeysServiceCheckSpendingLimitProcedure:   ServiceSpends,
	blink.ApiKeysServiceCheckAndLockSpendingProcedure: ServiceSpends,
	blink.ApiKeysServiceGetSpendingSummaryProcedure:   ServiceSpends,
	blink.ApiKeysServiceRecordSpendingProcedure:       ServiceSpends,
	blink.ApiKeysServiceReverseSpendingProcedure:      ServiceSpends,
}

// Permit returns what the caller may reach in a call of the procedure, or
// [ErrPermissionDenied], or [ErrUnlisted].
func Permit(procedure string, c Caller) (Grant, error) {
	allowed, ok := table[procedure]
	if !ok {
		return Grant{}, ErrUnlisted
	}
	if c.Subject == "" {
		c.Kinds &^= owner // without a name it would own every key
	}
	as := allowed & c.Kinds
	if as == 0 {
		return Grant{}, ErrPermissionDenied
	}
	return Grant{Caller: c, as: as}, nil
}
