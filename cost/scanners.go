package cost

// What scanners may cost a month, by the simulation in cmd/simulate, whose test holds these figures against it. How many
// come is an assumption: nothing about this host is published.
const (
	// ScannerWakes are visits a month that look like a client somebody has set up, and wake the service.
	ScannerWakes = 110
	// scannerMinutes are billed for a wake that nobody follows, beyond the idle minutes: pulling the image, and the time
	// until CloudWatch's metrics say that nobody is there, counted from the end of the minute of the last request.
	scannerMinutes = 4.2
)

// Task is the size of a task that scanners wake.
type Task struct {
	// CPU in units of 1/1024 vCPU, MemoryMB in megabytes.
	CPU, MemoryMB int
	// ARM says that it runs on Graviton, PublicAddress that it has a public IPv4 address.
	ARM, PublicAddress bool
}

// Scanners is what scanners may cost in a month, in dollars, where no credential is demanded and a task idles for so many
// minutes before it goes.
func Scanners(task Task, idleMinutes int) float64 {
	vcpu, gigabyte := FargateVCPU, FargateGB
	if task.ARM {
		vcpu, gigabyte = FargateARMVCPU, FargateARMGB
	}
	hour := float64(task.CPU)/1024*vcpu.USD + float64(task.MemoryMB)/1024*gigabyte.USD
	if task.PublicAddress {
		hour += PublicIPv4.USD
	}
	return ScannerWakes * (float64(idleMinutes) + scannerMinutes) / 60 * hour
}
