package export

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/jedib0t/go-pretty/v6/text"

	"importarchive/queries"
	"importarchive/report"
)

// xlsxWriter writes a workbook of one sheet. The sheet begins with how many
// rows it has, and readers that go through a sheet once take that for granted,
// so the rows are spooled and all is written at the end. It is our own, because
// libraries hold much of the file in memory, round numbers to 15 digits, and
// alter control characters in texts.
type xlsxWriter struct {
	zip    *zip.Writer
	spool  *spool // <row> elements
	rows   *typedRows
	names  []string // of the columns as Excel has them: A, B, …
	widths []int
	o      report.Options
}

// What Excel can hold. It would open a file beyond that as broken, or cut.
const (
	excelRows    = 1 << 20
	excelColumns = 1 << 14
	excelText    = 32767 // UTF-16 units in a cell
	excelInteger = 1 << 53

	elsewhere = "; " + report.Unlimited + " can"
)

// How wide columns are is settled by the first rows, and by what a person
// likes to see.
const (
	widthRows    = 100
	widest       = 60
	filterButton = 4
)

// XLSX is the format of a workbook with typed cells.
func XLSX() report.Format { return report.Format{Name: "xlsx", Encode: encodeXLSX} }

func encodeXLSX(w *bufio.Writer, t *report.Table, o report.Options) (err error) {
	if n := len(t.Columns); n == 0 || n > excelColumns {
		return fmt.Errorf("a workbook cannot hold %d columns%s", n, elsewhere)
	}
	x := &xlsxWriter{zip: zip.NewWriter(w), rows: typed(t), o: o}
	for i, c := range x.rows.columns {
		x.names = append(x.names, excelColumn(i))
		x.widths = append(x.widths, min(text.StringWidth(c.Name)+filterButton, widest))
	}
	if x.spool, err = openSpool(o.Scratch); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.spool.remove()) }()
	x.header()
	if err := t.Each(x.row); err != nil {
		return err
	}
	return x.close()
}

func (x *xlsxWriter) row(values []any) error {
	typed, err := x.rows.next(values)
	if err != nil {
		return err
	}
	if x.last() > excelRows {
		return fmt.Errorf("a workbook cannot hold more than %d rows%s", excelRows-1, elsewhere)
	}
	for i, v := range typed {
		if err := excelFits(v); err != nil {
			return x.rows.wrong(i, err)
		}
	}
	if x.rows.row <= widthRows {
		x.widen(typed)
	}
	return x.cells(x.last(), typed)
}

// last is the number of the last row so far; the header is the first.
func (x *xlsxWriter) last() int { return x.rows.row + 1 }

// excelFits tells what Excel would alter.
func excelFits(v any) error {
	switch v := v.(type) {
	case string:
		if len(v) > excelText && len(utf16.Encode([]rune(v))) > excelText {
			return fmt.Errorf("a workbook cannot hold a text of more than %d characters%s", excelText, elsewhere)
		}
	case int64:
		if v > excelInteger || v < -excelInteger {
			return fmt.Errorf("a workbook cannot hold the integer %d exactly%s", v, elsewhere)
		}
	case float64:
		if v-v != 0 {
			return fmt.Errorf("a workbook cannot hold the number %s%s", report.Spell(v), elsewhere)
		}
	case time.Time:
		if v.Before(excelFirstDay) {
			return fmt.Errorf("a workbook cannot hold the time %s, which is before March 1900%s", v.Format(timeLayout), elsewhere)
		}
	}
	return nil
}

// Excel counts days from here, and wrongly before the first day.
var (
	excelEpoch    = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	excelFirstDay = time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)
)

func (x *xlsxWriter) widen(values []any) {
	for i, v := range values {
		width := 0
		switch v := v.(type) {
		case string:
			for line := range strings.Lines(v) {
				width = max(width, text.StringWidth(line))
			}
		case time.Time:
			width = len(timeLayout + " UTC")
			if x.rows.columns[i].Type == queries.Day {
				width = len(dayLayout)
			}
		default:
			width = len(report.Spell(v))
		}
		x.widths[i] = max(x.widths[i], min(width+2, widest))
	}
}

// header leaves its error, which the spool doesn't forget, to the first row.
func (x *xlsxWriter) header() {
	_, _ = x.spool.WriteString(`<row r="1">`)
	for i, c := range x.rows.columns {
		x.text(i, 1, xlsxHeader, c.Name)
	}
	_, _ = x.spool.WriteString("</row>")
}

func (x *xlsxWriter) cells(row int, values []any) error {
	_, _ = fmt.Fprintf(x.spool, `<row r="%d">`, row)
	for i, v := range values {
		switch v := v.(type) {
		case string:
			x.text(i, row, xlsxPlain, v)
		case int64:
			x.number(i, row, xlsxInteger, report.Spell(v))
		case float64:
			x.number(i, row, xlsxPlain, report.Spell(v))
		case time.Time:
			style := xlsxTime
			if x.rows.columns[i].Type == queries.Day {
				style = xlsxDay
			}
			days := float64(v.UnixMilli()-excelEpoch.UnixMilli()) / (24 * 60 * 60 * 1000)
			x.number(i, row, style, report.Spell(days))
		}
	}
	_, err := x.spool.WriteString("</row>")
	return err
}

func (x *xlsxWriter) number(column, row int, style xlsxStyle, digits string) {
	_, _ = fmt.Fprintf(x.spool, `<c r="%s%d" s="%d"><v>%s</v></c>`, x.names[column], row, style, digits)
}

// text is never read as a formula: it says that it is a string.
func (x *xlsxWriter) text(column, row int, style xlsxStyle, s string) {
	_, _ = fmt.Fprintf(x.spool, `<c r="%s%d" s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`,
		x.names[column], row, style, excelEscape(s))
}

// close writes all parts. Only the sheet's needs what was spooled.
func (x *xlsxWriter) close() error {
	corner, name := x.names[len(x.names)-1], sheetName(x.o.Title)
	area, fixed := fmt.Sprintf("A1:%s%d", corner, x.last()), fmt.Sprintf("$A$1:$%s$%d", corner, x.last())
	parts := append(slices.Clone(xlsxParts),
		xlsxPart{"xl/workbook.xml", fmt.Sprintf(xlsxWorkbook, excelEscape(name), excelEscape(strings.ReplaceAll(name, "'", "''")), fixed)},
		xlsxPart{"docProps/core.xml", fmt.Sprintf(xlsxCore, excelEscape(x.o.Title), excelEscape(x.o.About))})
	for _, p := range parts {
		entry, err := x.zip.Create(p.name)
		if err == nil {
			_, err = io.WriteString(entry, p.text)
		}
		if err != nil {
			return err
		}
	}
	sheet, err := x.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(sheet, x.beforeRows(area)); err != nil {
		return err
	}
	if err := x.spool.copyTo(sheet); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(sheet, xlsxSheetEnd, area); err != nil {
		return err
	}
	return x.zip.Close()
}

func (x *xlsxWriter) beforeRows(area string) string {
	var cols strings.Builder
	for i, width := range x.widths {
		_, _ = fmt.Fprintf(&cols, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, width)
	}
	return fmt.Sprintf(xlsxSheetBegin, area, cols.String())
}
