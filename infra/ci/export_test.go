package ci

// Covered are the Pulumi types that the roles' policies are written for.
func Covered() map[string]bool {
	covered := map[string]bool{}
	for _, group := range (scope{dedicatedVpc: true}).groups() {
		for _, access := range group.access {
			for _, typ := range access.types {
				covered[typ] = true
			}
		}
	}
	return covered
}
