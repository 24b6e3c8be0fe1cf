package export

import (
	"errors"
	"runtime"
	"strconv"
	"testing"

	"importarchive/longtest"
	"importarchive/queries"
	"importarchive/report"
)

func TestMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	query := `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ` + strconv.Itoa(longtest.Size(60_000, 100_000)) + `)
		SELECT i, 'some text that has a length of about sixty letters in all ' || i AS word FROM n`
	for _, f := range Formats() {
		limit := uint64(6 << 20)
		switch f.Name {
		case "parquet": // holds a group of rows, several times over
			limit = 32 << 20
		case "xlsx": // holds 16 MB of cells, and grows by doubling
			limit = 48 << 20
		}
		table, before, peak := queried(t, query, nil), heap(), uint64(0)
		table.Described = []queries.Column{{Name: "i", Type: queries.Integer}, {Name: "word", Type: queries.Text}}
		rows := table.Rows
		table.Rows = func(yield func([]any, error) bool) {
			n := 0
			for row, err := range rows {
				if n++; n%20_000 == 0 {
					peak = max(peak, heap())
				}
				if !yield(row, err) {
					return
				}
			}
		}
		if err := f.Write(new(nowhere), table, report.Options{Width: 80}); err != nil {
			t.Fatal(err)
		}
		if peak > before+limit {
			t.Errorf("%s holds %d MB of rows", f.Name, (peak-before)>>20)
		}
	}
}

// heap returns what is in use, without what pools keep from before.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestErrorsOfTheWriterAreReturned(t *testing.T) {
	full := errors.New("disk full")
	for _, f := range Formats() {
		if err := f.Write(&nowhere{full}, described(t), report.Options{}); !errors.Is(err, full) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

func TestALongWorkbookIsWrittenInLittleMemory(t *testing.T) {
	longtest.Only(t)
	const rows, columns = 300_000, 10
	before, peak := heap(), uint64(0)
	table := report.Of(make([]string, columns), nil)
	table.Rows = func(yield func([]any, error) bool) {
		row := make([]any, columns)
		for n := range rows {
			for i := range row {
				row[i] = "a text of some length " + strconv.Itoa(n)
			}
			if n%50_000 == 0 {
				peak = max(peak, heap())
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	if err := XLSX().Write(&sampler{func() { peak = max(peak, heap()) }, 0}, table, report.Options{}); err != nil {
		t.Fatal(err)
	}
	if peak > before+40<<20 {
		t.Errorf("%d MB are held", (peak-before)>>20)
	}
}

// sampler looks each time that some megabytes have been written.
type sampler struct {
	look    func()
	written int
}

func (s *sampler) Write(b []byte) (int, error) {
	if s.written += len(b); s.written > 4<<20 {
		s.look()
		s.written = 0
	}
	return len(b), nil
}
