package main

import (
	"fmt"
	"time"

	"github.com/webordinary/live-edit/cmd/simulate/timing"
)

// burstsChart sets the hours of each day that were edited against those that were billed.
func (r *report) burstsChart() *barChart {
	const days = 30
	edited, billed := make([]float64, days), make([]float64, days)
	groups := make([]string, days)
	for i := range groups {
		groups[i] = fmt.Sprint(i + 1)
	}
	for _, s := range bursts(newSite(timing.Specified, monthBegins, month, 1).random) {
		addHours(edited, s.From, s.From.Add(s.Length))
	}
	for _, run := range r.Bursts.Runs {
		addHours(billed, run.From, run.To)
	}
	return &barChart{
		Title: "Ten hours a month in bursts",
		Subtitle: fmt.Sprintf("%.1f h edited, %.1f h billed: wakes and idle tails are the difference",
			r.Bursts.Edited.Hours(), r.Bursts.Billed.Hours()),
		Unit: "hours by day of the month", Groups: groups,
		Series: []series{{Name: "edited", Values: edited}, {Name: "billed", Values: billed}},
	}
}

func addHours(days []float64, from, to time.Time) {
	if day := int(from.Sub(monthBegins).Hours() / 24); day < len(days) {
		days[day] += to.Sub(from).Hours()
	}
}

// hoursChart compares task hours and dollars of outcomes.
func hoursChart(title string, outcomes []outcome) *barChart {
	chart := &barChart{
		Title: title, Subtitle: "people's hours, task hours billed, and what the tasks cost", Unit: "hours, dollars",
		Series: []series{{Name: "people's hours"}, {Name: "task hours"}, {Name: "dollars"}},
	}
	for _, o := range outcomes {
		chart.Groups = append(chart.Groups, o.Name)
		for i, v := range []float64{3 * o.Edited.Hours(), o.Billed.Hours(), o.Dollars.total()} {
			chart.Series[i].Values = append(chart.Series[i].Values, v)
		}
	}
	return chart
}

// tabChart shows the first two hours of the forgotten tab: the task goes although the tab stays.
func (r *report) tabChart() *timeline {
	opens := monthBegins.Add(9 * time.Hour)
	minutes := func(at time.Time) float64 { return at.Sub(opens).Minutes() }
	var runs [][2]float64
	for _, run := range r.Tab.Runs {
		runs = append(runs, [2]float64{minutes(run.From), minutes(run.To)})
	}
	return &timeline{
		Title: "A forgotten tab",
		Subtitle: fmt.Sprintf("open for the rest of the month, it pings and asks for the status; %d task starts, %.1f h billed",
			len(r.Tab.Runs), r.Tab.Billed.Hours()),
		Minutes: 120,
		Lanes: []lane{
			{"somebody edits", [][2]float64{{0, 30}}}, {"the tab is open", [][2]float64{{0, month.Minutes()}}}, {"a task is billed", runs},
		},
	}
}

func botsChart(outcomes []outcome) *barChart {
	chart := &barChart{
		Title:    "What scanners may cost a month",
		Subtitle: "those that say what they are, or bring no evidence of a person, never wake anything",
		Unit:     "wakes' task hours, dollars", Series: []series{{Name: "task hours"}, {Name: "dollars"}},
	}
	for _, o := range outcomes {
		chart.Groups = append(chart.Groups, o.Name)
		chart.Series[0].Values = append(chart.Series[0].Values, o.Billed.Hours())
		chart.Series[1].Values = append(chart.Series[1].Values, o.Dollars.total())
	}
	return chart
}

// sitesChart is how many of the sites cost how much.
func (r *report) sitesChart() *barChart {
	const width = 0.05
	lowest, highest := r.Sites[0].Dollars.total(), 0.0
	for i := range r.Sites {
		total := r.Sites[i].Dollars.total()
		lowest, highest = min(lowest, total), max(highest, total)
	}
	first := int(lowest / width)
	counts := make([]float64, int(highest/width)-first+1)
	groups := make([]string, len(counts))
	for i := range r.Sites {
		counts[int(r.Sites[i].Dollars.total()/width)-first]++
	}
	for i := range groups {
		groups[i] = fmt.Sprintf("$%.2f", float64(first+i)*width)
	}
	sum := r.sumSites()
	return &barChart{
		Title: fmt.Sprintf("%d sites side by side, 10 h a month each", len(r.Sites)),
		Subtitle: fmt.Sprintf("$%.0f a month in all, %d tasks at once at most, %d requests lost of %d",
			sum.Dollars.total(), mostAtOnce(r.Sites), sum.Lost, sum.Served),
		Unit: "sites by what tasks and scaler cost a month", Groups: groups, Series: []series{{Name: "sites", Values: counts}},
	}
}

// idleChart sets the share of warm arrivals against what the tasks cost.
func idleChart(rows []warmRow) *barChart {
	chart := &barChart{
		Title: "Idle minutes", Subtitle: "ten hours a month: half-hour sessions at any time, and days of six short visits",
		Unit:   "percent of arrivals, dollars × 10",
		Series: []series{{Name: "arrivals that meet a warm service, %"}, {Name: "tasks a month, $ × 10"}},
	}
	for i := range rows {
		r := &rows[i]
		name := "sessions"
		if r.Habit == habits[1].Name {
			name = "visits"
		}
		chart.Groups = append(chart.Groups, fmt.Sprintf("%s, %d min", name, int(r.Idle.Minutes())))
		chart.Series[0].Values = append(chart.Series[0].Values, r.warm())
		chart.Series[1].Values = append(chart.Series[1].Values, 10*r.sum.Dollars.Tasks/warmSites)
	}
	return chart
}

// intentChart sets what people wait against the hours in vain.
func intentChart(rows []warmRow) *barChart {
	chart := &barChart{
		Title: "Waking on intent", Subtitle: "by sign-ins in vain a month, and the cap on hours in vain", Unit: "seconds, hours",
		Series: []series{{Name: "p50 of arrivals, s"}, {Name: "hours in vain"}},
	}
	for i := range rows {
		r := &rows[i]
		name := "none"
		switch {
		case r.Intents >= 0 && r.Cap < 0:
			name = fmt.Sprint(r.Intents)
		case r.Intents >= 0:
			name = fmt.Sprintf("%d, %g h", r.Intents, r.Cap)
		}
		chart.Groups = append(chart.Groups, name)
		chart.Series[0].Values = append(chart.Series[0].Values, percentile(sorted(r.sum.Opened), 0.5).Seconds())
		chart.Series[1].Values = append(chart.Series[1].Values, r.sum.InVain.Hours()/warmSites)
	}
	return chart
}
