package export

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/xuri/excelize/v2"

	"importarchive/queries"
	"importarchive/report"
)

// The limits of a sheet of Excel. It calls a file beyond them broken, or cuts it.
const (
	excelRows    = 1 << 20
	excelColumns = 1 << 14
	excelName    = 31 // UTF-16 units in the name of a sheet

	elsewhere = "; " + report.Unlimited + " can"
)

// The first rows decide how wide a column is.
const (
	widthRows    = 100
	widest       = 60
	measured     = 1 << 10 // bytes of a text: measuring takes longer than writing
	filterButton = 4
)

// xlsxWriter writes a workbook of one sheet. The library keeps up to 16 MB of
// cells in memory and the rest in a temporary file, until the end.
type xlsxWriter struct {
	book   *excelize.File
	sheet  *excelize.StreamWriter
	rows   *typedRows
	first  [][]any // cells of the first rows, until the widths are known
	widths []int

	cut func(column string) // may be nil

	header, integer, time, day, asText int // styles
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
	x := &xlsxWriter{book: excelize.NewFile(excelize.Options{TmpDir: o.Scratch}), rows: typed(t), cut: o.Cut}
	for _, c := range x.rows.columns {
		x.widths = append(x.widths, min(text.StringWidth(c.Name)+filterButton, widest))
	}
	name := sheetName(o.Title)
	err := errors.Join(
		x.book.SetSheetName(x.book.GetSheetName(0), name),
		x.book.SetDocProps(&excelize.DocProperties{Title: o.Title, Description: o.About, Creator: "importarchive"}),
		x.book.SetSheetDimension(name, anyArea),
		printed(x.book, name),
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
		{&x.asText, excelize.Style{NumFmt: 49}},
	} {
		if *style.into, err = x.book.NewStyle(&style.Style); err != nil {
			return nil, err
		}
	}
	return x, x.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// printed sets how the sheet is printed: across the page, as wide as one page and as
// long as it takes, with the header on each.
func printed(book *excelize.File, sheet string) error {
	landscape, wide, long, fit := "landscape", 1, 0, true
	return errors.Join(
		book.SetSheetProps(sheet, &excelize.SheetPropsOptions{FitToPage: &fit}),
		book.SetPageLayout(sheet, &excelize.PageLayoutOptions{Orientation: &landscape, FitToWidth: &wide, FitToHeight: &long}),
		book.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + sheet + "'!$1:$1", Scope: sheet}),
	)
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
		cells[i] = x.cell(i, v)
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

func (x *xlsxWriter) widen(values []any) {
	for i, v := range values {
		width := 0
		switch v := v.(type) {
		case string:
			for line := range strings.Lines(v[:min(len(v), measured)]) {
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
	for utf16Units(name) > excelName {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	if name = strings.TrimSpace(name); name == "" {
		return "Sheet1"
	}
	return name
}
