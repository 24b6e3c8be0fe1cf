package report

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParametersAreWhereTheyCount(t *testing.T) {
	for query, want := range map[string][]string{
		"SELECT 1":              nil,
		"SELECT :a, @b, $c, :a": {"a", "b", "c"},
		"-- :days    7   how far\nSELECT coalesce(:days, 7) -- :no":             {"days"},
		"/* :no\n:no */ SELECT ':no', \":no\", [:no], `:no`, 'it''s :no', :yes": {"yes"},
		"SELECT '10:30', :x":  {"x"},
		"SELECT 1 /* :no":     nil,
		"SELECT :x--:no\n,:y": {"x", "y"},
	} {
		if diff := cmp.Diff(want, parameters(query)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}

func TestParametersWithoutAValueAreNULL(t *testing.T) {
	got := written(t, "jsonl", queried(t, "SELECT :a AS a, :b AS b, typeof(:c) AS c", map[string]any{"a": "x", "c": int64(1)}), Options{})
	if want := `{"a":"x","b":null,"c":"integer"}` + "\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAValueForNoParameterIsAnError(t *testing.T) {
	for query, words := range map[string]string{"SELECT :days": "it has days", "SELECT 1": "it has none"} {
		_, err := Query(t.Context(), memory(t), query, map[string]any{"day": 1})
		if err == nil || !strings.Contains(err.Error(), `"day"`) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestRowsThatNobodyWantsLetGoOfTheirConnection(t *testing.T) {
	reader := memory(t)
	reader.SetMaxOpenConns(1)
	for range 3 {
		table, err := Query(t.Context(), reader, "SELECT 1 AS a UNION ALL SELECT 2", nil)
		if err != nil {
			t.Fatal(err)
		}
		for range table.Pick("a").Rows {
			break
		}
	}
}

func TestAnErrorAmongTheRowsIsTheLastOne(t *testing.T) {
	table := queried(t, "SELECT 1 AS a UNION ALL SELECT json_extract('broken', '$') FROM (SELECT 1)", nil)
	f, _ := Formats().Named("jsonl")
	var b strings.Builder
	if err := f.Write(&b, table, Options{}); err == nil || !strings.Contains(err.Error(), "JSON") {
		t.Errorf("%v after %q", err, b.String())
	}
}

func TestAQueryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	table, err := Query(ctx, memory(t), "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range table.Rows {
		if err != nil {
			if !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "interrupt") {
				t.Error(err)
			}
			return
		}
		if n++; n == 100 {
			cancel()
		}
	}
	t.Error("it ended without an error")
}
