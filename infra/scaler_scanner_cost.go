package infra

import (
	"fmt"

	"github.com/webordinary/live-edit/cost"
	"github.com/webordinary/live-edit/infra/config"
)

// scannerAdviceUSD is what scanners may cost a month before the preview says so (D28).
const scannerAdviceUSD = 1.0

// scannerAdvice recommends wakeCredentials where scanners may cost more than a dollar a month; empty says there is nothing
// to recommend. Anybody whose request looks like a client's wakes the service: evidence of a person ranks above guesses.
func scannerAdvice(cfg *config.Config, publicAddress bool) string {
	if len(cfg.Scaler.WakeCredentials) > 0 {
		return ""
	}
	dollars := cost.Scanners(cost.Task{
		CPU: cfg.Service.CPU, MemoryMB: cfg.Service.Memory,
		ARM: cfg.Service.CPUArchitecture == "ARM64", PublicAddress: publicAddress,
	}, cfg.Service.AutoShutdownMinutes)
	if dollars <= scannerAdviceUSD {
		return ""
	}
	return fmt.Sprintf("scanners may wake the live editor for about $%.2f a month with this task size and autoShutdownMinutes %d "+
		"(docs/simulation.md). If the container has a login, name what every signed-in request brings, for example "+
		"`pulumi config set --path 'wakeCredentials[0]' cookie:session`: nothing else wakes it then, but the waiting page's button.",
		dollars, cfg.Service.AutoShutdownMinutes)
}
