package cost

// Variant is another way to run the same stack, with what it would cost.
type Variant struct {
	Name string `json:"name"`
	// Why one would choose it, or not.
	Note string `json:"note"`
	// Service and Whole are monthly USD without and with foundation and load balancer.
	Service float64 `json:"service"`
	Whole   float64 `json:"whole"`
}

// endpointServices are the interface endpoints that a task without a route to the internet needs to start: the two of
// ECR, CloudWatch Logs and Secrets Manager. It could not reach GitHub, npm or the Claude API.
const endpointServices = 4

// zones of the network.
const zones = 2

// Variants compares the estimate with the ways that the specification's readers may ask about.
func (e *Estimate) Variants() []Variant {
	taskHour, addressHours := e.taskHour(), e.Usage.BilledHours()
	always := (hoursPerMonth - e.Usage.BilledHours()) * (taskHour + PublicIPv4.USD)
	noAddress := -addressHours * PublicIPv4.USD
	nat := hoursPerMonth*(NatGatewayHour.USD+PublicIPv4.USD) + e.Usage.NatGB*NatGatewayGB.USD + noAddress
	endpoints := endpointServices*zones*hoursPerMonth*InterfaceEndpoint.USD + noAddress
	variants := []Variant{
		{Name: "as deployed", Note: "no task while nobody edits"},
		{Name: "always on", Note: "one task around the clock, nothing to wake", Service: always},
		{Name: "private tasks, one NAT gateway", Note: "no public address on tasks", Service: nat},
		{Name: "private tasks, interface endpoints", Note: "4 endpoints in 2 zones; no way to GitHub, npm or Claude", Service: endpoints},
	}
	for i := range variants {
		extra := variants[i].Service
		variants[i].Service = e.Total(Service) + extra
		variants[i].Whole = e.Total() + extra
	}
	return variants
}

// taskHour is what one hour of one task costs.
func (e *Estimate) taskHour() float64 {
	sum := 0.0
	for _, line := range e.Lines {
		switch line.Price.Unit {
		case FargateVCPU.Unit, FargateGB.Unit:
			sum += line.Monthly()
		}
	}
	if e.Usage.BilledHours() == 0 {
		return 0
	}
	return sum / e.Usage.BilledHours()
}
