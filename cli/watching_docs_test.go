package cli

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v3"
)

// exposed returns the labels of each metric of a real scrape, with their values.
func exposed(t *testing.T) map[string]map[string][]string {
	t.Helper()
	archive := twoClusters(t)
	s := watch(t, archive, settingsFor(t, archive, "prod", "staging"), noon)
	s.traffic.Cluster("prod").Asked(401, "auth", false)
	all := map[string]map[string][]string{"up": {}} // which Prometheus makes itself
	for name, family := range families(t, s) {
		all[name] = map[string][]string{}
		for _, m := range family.Metric {
			for _, l := range m.Label {
				all[name][l.GetName()] = append(all[name][l.GetName()], l.GetValue())
			}
		}
		if family.GetType() == dto.MetricType_HISTOGRAM || family.GetType() == dto.MetricType_SUMMARY {
			delete(all, name) // none is used; they would need their suffixes
		}
	}
	for _, labels := range all {
		labels["job"], labels["instance"] = []string{"importarchive"}, nil // which Prometheus adds
	}
	return all
}

var (
	grouping  = regexp.MustCompile(`\b(?:by|on|without|ignoring|group_left|group_right) ?\(([^)]*)\)`)
	selector  = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})?(\[[^\]]*\])?( *\()?`)
	matcher   = regexp.MustCompile(`^(\w+)(=~|!~|!=|=)"([^"]*)"$`)
	shown     = regexp.MustCompile(`\{\{ ?(?:\$labels\.)?(\w+) ?\}\}`)
	operators = []string{"and", "or", "unless"}
	functions = []string{"absent", "count", "increase", "max", "min", "predict_linear", "rate", "sum", "time", "vector"}
)

// metricsOf reads an expression of PromQL, as far as ours go: it complains of
// metrics, labels and values that no scrape shows, and of functions that it does not
// know. It returns the labels that the result may have.
func metricsOf(expr string, exposed map[string]map[string][]string) (labels, problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if strings.Count(expr, "(") != strings.Count(expr, ")") || expr == "" {
		complain("the parentheses don't match")
	}
	var grouped []string
	for _, m := range grouping.FindAllStringSubmatch(expr, -1) {
		grouped = append(grouped, strings.Split(strings.ReplaceAll(m[1], " ", ""), ",")...)
	}
	metrics := 0
	for _, m := range selector.FindAllStringSubmatch(grouping.ReplaceAllString(expr, ""), -1) {
		name, within, span, call := m[1], m[2], m[3], m[4] != ""
		switch {
		case call && (slices.Contains(functions, name) || slices.Contains(operators, name)):
			continue
		case slices.Contains(operators, name) && within == "" && span == "":
			continue
		case exposed[name] == nil:
			complain("no scrape shows %s", name)
			continue
		}
		metrics++
		for label := range exposed[name] {
			labels = append(labels, label)
		}
		for _, one := range strings.Split(strings.Trim(within, "{}"), ",") {
			if one != "" {
				problems = append(problems, mismatches(name, one, exposed[name])...)
			}
		}
	}
	if metrics == 0 {
		complain("it asks for nothing")
	}
	for _, label := range grouped {
		if !slices.Contains(labels, label) {
			complain("nothing has a label %s", label)
		}
	}
	if grouped != nil {
		labels = grouped
	}
	return labels, problems
}

// mismatches says what is wrong with one matcher of a metric's labels.
func mismatches(metric, text string, labels map[string][]string) (problems []string) {
	m := matcher.FindStringSubmatch(text)
	if m == nil {
		return []string{fmt.Sprintf("%q can't be read", text)}
	}
	values, ok := labels[m[1]]
	if !ok {
		problems = append(problems, fmt.Sprintf("%s has no label %s", metric, m[1]))
	}
	for _, value := range strings.Split(m[3], "|") {
		if value != "$cluster" && !slices.Contains(values, value) {
			problems = append(problems, fmt.Sprintf("%s of %s is never %q", m[1], metric, value))
		}
	}
	return problems
}

func TestEveryAlertIsOfMetricsThatThereAre(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(readDoc(t, "docs/alerts.yml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	all, names := exposed(t), map[string]bool{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if names[r.Alert] || !strings.HasPrefix(r.Alert, "Importarchive") {
				t.Errorf("%q is no name for an alert, or another one's", r.Alert)
			}
			names[r.Alert] = true
			if r.For != "" {
				if _, err := time.ParseDuration(r.For); err != nil {
					t.Errorf("%s: %v", r.Alert, err)
				}
			}
			if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s says not how severe it is, or not what: %v %v", r.Alert, r.Labels, r.Annotations)
			}
			labels, problems := metricsOf(r.Expr, all)
			if problems != nil {
				t.Errorf("%s: %s: %q", r.Alert, r.Expr, problems)
			}
			for _, text := range r.Annotations {
				for _, m := range shown.FindAllStringSubmatch(text, -1) {
					if !slices.Contains(labels, m[1]) {
						t.Errorf("%s shows a label %s, which %s has not", r.Alert, m[1], r.Expr)
					}
				}
			}
		}
	}
	if len(names) < 12 {
		t.Errorf("there are only %d alerts", len(names))
	}
}

func TestEveryPanelOfTheServiceIsOfMetricsThatThereAre(t *testing.T) {
	var board struct {
		Templating struct {
			List []struct{ Query struct{ Query string } }
		}
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ RefID, Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal([]byte(readDoc(t, "docs/grafana-service.json")), &board); err != nil {
		t.Fatal(err)
	}
	if len(board.Panels) < 15 || len(board.Templating.List) != 1 {
		t.Fatalf("%d panels, %d variables", len(board.Panels), len(board.Templating.List))
	}
	all := exposed(t)
	metric, label, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(board.Templating.List[0].Query.Query, "label_values("), ")"), ", ")
	if !ok || len(all[metric][label]) == 0 {
		t.Errorf("the variable asks for %s of %s", label, metric)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q has another one's id, no title or no expression", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			labels, problems := metricsOf(q.Expr, all)
			if problems != nil {
				t.Errorf("panel %q: %s: %q", p.Title, q.Expr, problems)
			}
			for _, m := range shown.FindAllStringSubmatch(q.LegendFormat, -1) {
				if !slices.Contains(labels, m[1]) {
					t.Errorf("panel %q shows a label %s, which %s has not", p.Title, m[1], q.Expr)
				}
			}
		}
	}
}

// The reader above must see what is wrong.
func TestAWrongExpressionIsNoticed(t *testing.T) {
	all := map[string]map[string][]string{"importarchive_runs_total": {"outcome": {"complete", "failed"}, "cluster": {"a"}}}
	for _, expr := range []string{
		`importarchive_run_total > 0`,
		`importarchive_runs_total{outcom="failed"}`,
		`importarchive_runs_total{outcome="failure"}`,
		`importarchive_runs_total{outcome=~"failed|fluffy"}`,
		`importarchive_runs_total{outcome='failed'}`,
		`sum by (kind) (importarchive_runs_total)`,
		`sum(importarchive_runs_total`,
		`fluffy(importarchive_runs_total)`,
		`vector(0)`,
		``,
	} {
		if _, problems := metricsOf(expr, all); problems == nil {
			t.Errorf("nothing is said of %q", expr)
		}
	}
	fine := `sum by (cluster) (rate(importarchive_runs_total{outcome=~"complete|failed",cluster=~"$cluster"}[5m])) > 1 or vector(0)`
	if labels, problems := metricsOf(fine, all); problems != nil || !slices.Equal(labels, []string{"cluster"}) {
		t.Error(labels, problems)
	}
}
