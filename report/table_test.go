package report

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// lineOfAll is a table of one row that has something of everything.
func lineOfAll() *Table {
	return Of([]string{"cluster", "job_id", "first_seen_at", "success_percent", "reason"}, [][]any{
		{"prod", "job-04bf9335838dzkeydp", "2026-11-23 10:00:00.000", 88.5, "the file has no field named vector"},
	})
}

func TestATableGivesUpFirstWhatCostsItsReaderLeast(t *testing.T) {
	for _, x := range []struct {
		width int
		want  []string
	}{
		{0, []string{
			"cluster  job_id                  first_seen_at            success_percent  reason",
			"-------  ----------------------  -----------------------  ---------------  ----------------------------------",
			"prod     job-04bf9335838dzkeydp  2026-11-23 10:00:00.000             88.5  the file has no field named vector",
		}},
		{105, []string{
			"cluster  job_id                  first_seen_at        success_percent  reason",
			"-------  ----------------------  -------------------  ---------------  ----------------------------------",
			"prod     job-04bf9335838dzkeydp  2026-11-23 10:00:00             88.5  the file has no field named vector",
		}},
		{98, []string{
			"                                                      success_",
			"cluster  job_id                  first_seen_at         percent  reason",
			"-------  ----------------------  -------------------  --------  ----------------------------------",
			"prod     job-04bf9335838dzkeydp  2026-11-23 10:00:00      88.5  the file has no field named vector",
		}},
		{76, []string{
			"                                                      success_",
			"cluster  job_id                  first_seen_at         percent  reason",
			"-------  ----------------------  -------------------  --------  ------------",
			"prod     job-04bf9335838dzkeydp  2026-11-23 10:00:00      88.5  the file ha…",
		}},
		{75, []string{
			"-[ 1 ]---------------------",
			"cluster          prod",
			"job_id           job-04bf9335838dzkeydp",
			"first_seen_at    2026-11-23 10:00:00.000",
			"success_percent  88.5",
			"reason           the file has no field named vector",
		}},
		{38, []string{
			"-[ 1 ]---------------------",
			"cluster          prod",
			"job_id",
			"  job-04bf9335838dzkeydp",
			"first_seen_at",
			"  2026-11-23 10:00:00.000",
			"success_percent  88.5",
			"reason           the file has no field",
			"                 named vector",
		}},
	} {
		got := written(t, "table", lineOfAll(), Options{Width: x.width})
		if want := strings.Join(x.want, "\n") + "\n"; got != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", x.width, got, want)
		}
	}
}

func TestATextIsBrokenIntoLinesWithoutALoss(t *testing.T) {
	for _, s := range []string{"", "a", "the file  has no field", "averyverylongwordindeed and more", "商品向量 的导入失败了，因为文件太大", "e\u0301e\u0301e\u0301 e\u0301"} {
		for width := 2; width < 12; width++ {
			lines := wrappedText(s, width)
			for _, line := range lines {
				if text.StringWidth(line) > width {
					t.Errorf("%q in %d: %q", s, width, line)
				}
			}
			bare := strings.NewReplacer(" ", "")
			if got, want := bare.Replace(strings.Join(lines, "")), bare.Replace(s); got != want {
				t.Errorf("%q in %d became %q", s, width, lines)
			}
		}
	}
	if got := wrappedText("商", 1); len(got) != 1 || got[0] != "商" {
		t.Errorf("what is wider than the terminal became %q", got)
	}
}

func TestOnlyWordsThatSayHowThingsAreHaveAColour(t *testing.T) {
	table := Of([]string{"failed", "name", "state", "verdict"}, [][]any{{"1", "failed", "failed", "ok"}, {"2", "---", "running", nil}})
	want := "failed  name    state    verdict\n" +
		"\x1b[2m------\x1b[0m  \x1b[2m------\x1b[0m  \x1b[2m-------\x1b[0m  \x1b[2m-------\x1b[0m\n" +
		"1       failed  \x1b[31mfailed\x1b[0m   \x1b[32mok\x1b[0m\n" +
		"2       ---     running\n"
	if got := written(t, "table", table, Options{Width: 80, Color: true}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	want = "\x1b[2m-[ 1 ]-------------\x1b[0m\nfailed   1\nname     failed\nstate    \x1b[31mfailed\x1b[0m\nverdict  \x1b[32mok\x1b[0m\n"
	if got := written(t, "table", table, Options{Width: 20, Color: true}); !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
