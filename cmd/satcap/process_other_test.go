//go:build !linux

// Elsewhere only the cleanup of a test ends its servers.

package main

import "syscall"

func dieWithParent() *syscall.SysProcAttr { return nil }
