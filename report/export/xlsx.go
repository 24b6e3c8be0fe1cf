package export

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/xuri/excelize/v2"

	"importarchive/queries"
	"importarchive/report"
)

// The limits of Excel. It calls a file beyond them broken, or cuts it.
const (
	excelRows    = 1 << 20
	excelColumns = 1 << 14
	excelText    = 32767 // UTF-16 units in a cell
	excelInteger = 1 << 53
	excelName    = 31 // UTF-16 units in the name of a sheet

	elsewhere = "; " + report.Unlimited + " can"
)

// The first rows decide how wide a column is.
const (
	widthRows    = 100
	widest       = 60
	filterButton = 4
)

// excelFirstDay is the first day that Excel counts correctly: it takes 1900 for a
// leap year.
var excelFirstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)

// xlsxWriter writes a workbook of one sheet. The library keeps up to 16 MB of
// cells in memory and the rest in a temporary file, until the end.
type xlsxWriter struct {
	book   *excelize.File
	sheet  *excelize.StreamWriter
	rows   *typedRows
	first  [][]any // cells of the first rows, until the widths are known
	widths []int

	header, integer, time, day int // styles
}

// XLSX is the format of a workbook with typed cells, of 1,048,575 rows at most.
func XLSX() report.Format { return report.Format{Name: "xlsx", Encode: encodeXLSX} }

func encodeXLSX(w *bufio.Writer, t *report.Table, o report.Options) (err error) {
	if n := len(t.Columns); n == 0 || n > excelColumns {
		return fmt.Errorf("a workbook cannot hold %d columns%s", n, elsewhere)
	}
	x, err := newWorkbook(t, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.book.Close()) }() // removes the temporary file
	if err := t.Each(x.row); err != nil {
		return err
	}
	return x.finish(w)
}

func newWorkbook(t *report.Table, o report.Options) (*xlsxWriter, error) {
	x := &xlsxWriter{book: excelize.NewFile(excelize.Options{TmpDir: o.Scratch}), rows: typed(t)}
	for _, c := range x.rows.columns {
		x.widths = append(x.widths, min(text.StringWidth(c.Name)+filterButton, widest))
	}
	name := sheetName(o.Title)
	err := errors.Join(
		x.book.SetSheetName(x.book.GetSheetName(0), name),
		x.book.SetDocProps(&excelize.DocProperties{Title: o.Title, Description: o.About, Creator: "importarchive"}),
		x.book.SetSheetDimension(name, anyArea),
	)
	if err != nil {
		return nil, err
	}
	if x.sheet, err = x.book.NewStreamWriter(name); err != nil {
		return nil, err
	}
	// Excel shows only as many digits of a plain number as it has room for, so
	// integers have the format 1. Excel knows no time zones, so the format of times
	// names it.
	timeFormat, dayFormat := `yyyy\-mm\-dd\ hh:mm:ss.000" UTC"`, `yyyy\-mm\-dd`
	for _, style := range []struct {
		into *int
		excelize.Style
	}{
		{&x.header, excelize.Style{
			Font: &excelize.Font{Bold: true, Size: 11, Family: "Calibri"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EDEDED"}},
		}},
		{&x.integer, excelize.Style{NumFmt: 1}},
		{&x.time, excelize.Style{CustomNumFmt: &timeFormat}},
		{&x.day, excelize.Style{CustomNumFmt: &dayFormat}},
	} {
		if *style.into, err = x.book.NewStyle(&style.Style); err != nil {
			return nil, err
		}
	}
	return x, x.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

func (x *xlsxWriter) row(values []any) error {
	typed, err := x.rows.next(values)
	if err != nil {
		return err
	}
	if x.last() > excelRows {
		return fmt.Errorf("a workbook cannot hold more than %d rows%s", excelRows-1, elsewhere)
	}
	cells := make([]any, len(typed))
	for i, v := range typed {
		if cells[i], err = x.cell(i, v); err != nil {
			return x.rows.wrong(i, err)
		}
	}
	if x.rows.row > widthRows {
		return x.write(x.last(), cells)
	}
	x.widen(typed)
	if x.first = append(x.first, cells); x.rows.row == widthRows {
		return x.begin()
	}
	return nil
}

// last is the number of the last row so far; the header is the first.
func (x *xlsxWriter) last() int { return x.rows.row + 1 }

// cell returns the cell of a value, and refuses what Excel would alter.
func (x *xlsxWriter) cell(column int, v any) (any, error) {
	switch v := v.(type) {
	case string:
		if len(v) > excelText && len(utf16.Encode([]rune(v))) > excelText {
			return nil, fmt.Errorf("a workbook cannot hold a text of more than %d characters%s", excelText, elsewhere)
		}
		return excelString(v), nil
	case int64:
		if v > excelInteger || v < -excelInteger {
			return nil, fmt.Errorf("a workbook cannot hold the integer %d exactly%s", v, elsewhere)
		}
		return excelize.Cell{StyleID: x.integer, Value: v}, nil
	case float64:
		if v-v != 0 {
			return nil, fmt.Errorf("a workbook cannot hold the number %s%s", report.Spell(v), elsewhere)
		}
	case time.Time:
		if v.Before(excelFirstDay) {
			return nil, fmt.Errorf("a workbook cannot hold the time %s, which is before March 1900%s", queries.SpellTime(v), elsewhere)
		}
		if x.rows.columns[column].Type == queries.Day {
			return excelize.Cell{StyleID: x.day, Value: v}, nil
		}
		return excelize.Cell{StyleID: x.time, Value: v}, nil
	}
	return v, nil
}

var excelEscape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// excelString returns the content of a cell of text. In a workbook _x0041_ means A.
// The library escapes texts of this form, but wrongly where two overlap and where
// one is a surrogate. So such a text is split into runs that have none. The
// library replaces what XML cannot carry, such as control characters, by the
// replacement character.
func excelString(s string) any {
	if !excelEscape.MatchString(s) {
		return s
	}
	var runs []excelize.RichTextRun
	for part := range strings.SplitAfterSeq(s, "_x") {
		runs = append(runs, excelize.RichTextRun{Text: part})
	}
	return runs
}

func (x *xlsxWriter) widen(values []any) {
	for i, v := range values {
		width := 0
		switch v := v.(type) {
		case string:
			for line := range strings.Lines(v) {
				width = max(width, text.StringWidth(line))
			}
		case time.Time:
			width = len(queries.TimeFormat + " UTC")
			if x.rows.columns[i].Type == queries.Day {
				width = len(time.DateOnly)
			}
		default:
			width = len(report.Spell(v))
		}
		x.widths[i] = max(x.widths[i], min(width+2, widest))
	}
}

// begin writes the widths, the header and the first rows.
func (x *xlsxWriter) begin() error {
	names := make([]any, len(x.widths))
	for i, width := range x.widths {
		if err := x.sheet.SetColWidth(i+1, i+1, float64(width)); err != nil {
			return err
		}
		names[i] = excelize.Cell{StyleID: x.header, Value: excelString(x.rows.columns[i].Name)}
	}
	if err := x.write(1, names); err != nil {
		return err
	}
	for i, cells := range x.first {
		if err := x.write(i+2, cells); err != nil {
			return err
		}
	}
	x.first = nil
	return nil
}

func (x *xlsxWriter) write(row int, cells []any) error {
	return x.sheet.SetRow(fmt.Sprintf("A%d", row), cells)
}

func (x *xlsxWriter) finish(w io.Writer) error {
	if x.rows.row < widthRows {
		if err := x.begin(); err != nil {
			return err
		}
	}
	corner, err := excelize.CoordinatesToCellName(len(x.widths), x.last())
	if err != nil {
		return err
	}
	area := "A1:" + corner
	if err := errors.Join(x.book.AutoFilter(x.sheet.Sheet, area, nil), x.sheet.Flush()); err != nil {
		return err
	}
	// Without our own ZIP writer, the library would hold the whole file in memory.
	x.book.SetZipWriter(func(io.Writer) excelize.ZipWriter { return workbookZip{zip.NewWriter(w), area} })
	_, err = x.book.WriteTo(io.Discard)
	return err
}

// sheetName turns a title into a name that Excel accepts.
func sheetName(title string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) || r < ' ' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, title)
	for len(utf16.Encode([]rune(name))) > excelName {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	if name = strings.TrimSpace(name); name == "" {
		return "Sheet1"
	}
	return name
}
