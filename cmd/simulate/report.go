package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
)

// report is everything the simulation found.
type report struct {
	Headlines              []wakeRow
	Levers                 []leverRow
	Goals                  []goalRow
	Images, Sizes, Clients []wakeRow
	Idle, Intent           []warmRow
	Tenants                []clientsRow
	Bursts, Unprotected    outcome
	Editors                []outcome
	Tab                    outcome
	Bots                   []outcome
	Sites                  []outcome
}

// simulate plays everything.
func simulate(wakes, sites int, progress func(string)) *report {
	r := &report{}
	progress("wakes with each lever")
	r.Headlines, r.Levers, r.Goals = headlines(wakes), byLever(wakes), byGoal(wakes)
	progress("wakes by image size and health interval")
	r.Images = byImage(wakes)
	progress("wakes by task size")
	r.Sizes = bySize(wakes)
	progress("wakes by page and by API call")
	r.Clients = byClient(wakes)
	progress("a month of each scenario")
	r.Bursts, r.Unprotected = burstsMonth(timing.Specified, 1, true), burstsMonth(timing.Specified, 1, false)
	r.Editors = []outcome{
		editorsMonth(timing.Specified, "3 editors, one task", false), editorsMonth(timing.Specified, "3 editors, memory pins three tasks", true),
	}
	r.Tab = tabMonth(timing.Specified)
	r.Bots = scannerMonths(timing.Specified)
	progress("idle times, waking on intent, and three clients")
	r.Idle, r.Intent, r.Tenants = byIdle(), byIntent(), byClients()
	progress(fmt.Sprintf("%d sites", sites))
	r.Sites = sitesMonth(timing.Specified, sites)
	return r
}

// sumSites adds up all sites.
func (r *report) sumSites() outcome {
	return sumOf(fmt.Sprintf("%d sites", len(r.Sites)), r.Sites)
}

// months are those of every scenario, in the order of the table.
func (r *report) months() []outcome {
	return slices.Concat([]outcome{r.Bursts, r.Unprotected}, r.Editors, []outcome{r.Tab}, r.Bots, []outcome{r.sumSites()})
}

// lost counts the requests that nobody served, in everything that was played.
func (r *report) lost() int {
	sum := 0
	for _, o := range r.months() {
		sum += o.Lost
	}
	for _, rows := range [][]wakeRow{r.Headlines, r.Images, r.Sizes, r.Clients} {
		for _, row := range rows {
			sum += row.Lost
		}
	}
	for _, row := range r.Levers {
		sum += row.Specified.Lost + row.Fast.Lost
	}
	for i := range r.Goals {
		sum += r.Goals[i].Lost
	}
	for _, rows := range [][]warmRow{r.Idle, r.Intent} {
		for i := range rows {
			sum += rows[i].sum.Lost
		}
	}
	for i := range r.Tenants {
		sum += r.Tenants[i].Lost
	}
	return sum
}

// monthTable writes what each scenario's month came to.
func (r *report) monthTable() string {
	var b strings.Builder
	b.WriteString("| Scenario | Edited | Billed | Wakes | p50 | p95 | p99 | Served | Sent through the waker | " +
		"503 by the load balancer | Lost | Tasks | Scaler |\n|" + strings.Repeat("---|", 13) + "\n")
	for _, o := range r.months() {
		waits := sorted(o.Wakes)
		fmt.Fprintf(&b, "| %s | %.1f h | %.1f h | %d | %s | %s | %s | %d | %d | %d | **%d** | $%.2f | $%.2f |\n",
			o.Name, o.Edited.Hours(), o.Billed.Hours(), len(waits), inSeconds(waits, 0.5), inSeconds(waits, 0.95), inSeconds(waits, 0.99),
			o.Served, o.Redirected, o.Unserved, o.Lost, o.Dollars.Tasks, o.Dollars.Scaler)
	}
	return b.String()
}

func inSeconds(waits []time.Duration, p float64) string {
	if len(waits) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f s", percentile(waits, p).Seconds())
}

// document is docs/simulation.md.
func (r *report) document() string {
	sum := r.sumSites()
	count := len(r.Sites)
	balancers := (count*siteRules + loadBalancerRules - 1) / loadBalancerRules
	return strings.NewReplacer(
		"{{images}}", wakeTable(r.Images), "{{sizes}}", wakeTable(r.Sizes), "{{clients}}", wakeTable(r.Clients),
		"{{months}}", r.monthTable(), "{{count}}", fmt.Sprint(count), "{{balancers}}", fmt.Sprint(balancers),
		"{{most}}", fmt.Sprint(mostAtOnce(r.Sites)), "{{average}}", fmt.Sprintf("%.2f", sum.Dollars.total()/float64(count)),
		"{{scanners}}", scannerTable(), "{{scannersNow}}", fmt.Sprintf("%.2f", r.Bots[0].Dollars.Tasks),
		"{{scannersBefore}}", fmt.Sprintf("%.2f", r.Bots[2].Dollars.Tasks),
		"{{measured}}", fmt.Sprint(r.Images[0].Measured),
		"{{headlines}}", headlineTable(r.Headlines), "{{levers}}", leverTable(r.Levers), "{{leverNotes}}", leverNotes,
		"{{idle}}", idleTable(r.Idle), "{{intent}}", intentTable(r.Intent), "{{tenants}}", clientsTable(r.Tenants),
		"{{goals}}", goalTable(r.Goals), "{{components}}", componentTable(), "{{wholes}}", wholeTable(),
	).Replace(text)
}

// verdict is a row in words.
func verdict(r wakeRow) string {
	return fmt.Sprintf("p50 %.0f s, p95 %.0f s, %.0f %% under 30 s",
		r.P50.Seconds(), r.P95.Seconds(), 100*float64(r.Within30)/float64(r.Measured))
}

// charts by file name.
func (r *report) charts() map[string]string {
	return map[string]string{
		"simulation-wake-image.svg": wakeChart("Wake time by image size and health interval",
			"from opening the page until the preview's first byte; 2 vCPU, dependencies on EFS", r.Images).svg(),
		"simulation-wake-levers.svg": leverChart(r.Levers).svg(),
		"simulation-idle.svg":        idleChart(r.Idle).svg(),
		"simulation-intent.svg":      intentChart(r.Intent).svg(),
		"simulation-wake-size.svg":   wakeChart("Wake time by task size", "413 MB image", r.Sizes).svg(),
		"simulation-bursts.svg":      r.burstsChart().svg(),
		"simulation-editors.svg":     hoursChart("Three people editing at once, 10 h a month each", r.Editors).svg(),
		"simulation-tab.svg":         r.tabChart().svg(),
		"simulation-bots.svg":        botsChart(r.Bots).svg(),
		"simulation-sites.svg":       r.sitesChart().svg(),
	}
}
