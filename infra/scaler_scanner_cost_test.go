package infra

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/webordinary/live-edit/infra/config"
)

// TestScannerAdvice recommends a credential where scanners may cost more than a dollar, and names sum, key and command.
func TestScannerAdvice(t *testing.T) {
	t.Parallel()
	specified := func() *config.Config {
		cfg := &config.Config{}
		cfg.Service.CPU, cfg.Service.Memory, cfg.Service.AutoShutdownMinutes = 2048, 4096, 5
		return cfg
	}
	require.Regexp(t, `about \$1\.7\d a month .* cookie:session`, scannerAdvice(specified(), true))
	demanding := specified()
	demanding.Scaler.WakeCredentials = []string{"cookie:session"}
	require.Empty(t, scannerAdvice(demanding, true))
	small := specified()
	small.Service.CPU, small.Service.Memory = 512, 1024
	require.Empty(t, scannerAdvice(small, true), "$0.51 a month")
	small.Service.AutoShutdownMinutes = 30
	require.Contains(t, scannerAdvice(small, true), "autoShutdownMinutes 30")
	arm := specified()
	arm.Service.CPUArchitecture = "ARM64"
	require.NotEqual(t, scannerAdvice(specified(), true), scannerAdvice(arm, true))
	require.NotEqual(t, scannerAdvice(specified(), true), scannerAdvice(specified(), false))
}
