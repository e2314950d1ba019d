// What only the tests of this package see.

package auth

import (
	"context"
	"maps"
	"slices"
)

// Listed is every procedure that stands in the table.
func Listed() []string { return slices.Sorted(maps.Keys(table)) }

// Sets of kinds.
const (
	Owner   = owner
	Service = service
)

// FailureAddresses is how many addresses are remembered.
const FailureAddresses = failureAddresses

// Len is how many addresses are remembered now.
func (f *Failures) Len() int { return f.addresses.Len() }

// Touch writes down when keys were last seen, as happens from time to time.
func (k *Keys) Touch(ctx context.Context) { k.touch(ctx) }

// TouchMost is how many keys are written down in one go.
const TouchMost = touchMost

// CertificateCaller is the service that a certificate names.
var CertificateCaller = Certificates.caller
