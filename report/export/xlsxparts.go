package export

import (
	"fmt"
	"strings"
)

// xlsxStyle is the place of a style in xlsxStyles' cellXfs.
type xlsxStyle int

const (
	xlsxPlain xlsxStyle = iota
	xlsxHeader
	xlsxInteger
	xlsxTime
	xlsxDay
)

const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	xlsxMain = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	officeNS = "http://schemas.openxmlformats.org/officeDocument/2006/"
	openNS   = "http://schemas.openxmlformats.org/package/2006/"
)

type xlsxPart struct{ name, text string }

// xlsxParts are the parts of a workbook that don't depend on its rows.
var xlsxParts = []xlsxPart{
	{"[Content_Types].xml", xmlHead + `<Types xmlns="` + openNS + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>` +
		`</Types>`},
	{"_rels/.rels", xmlHead + `<Relationships xmlns="` + openNS + `relationships">` +
		`<Relationship Id="rId1" Type="` + officeNS + `relationships/officeDocument" Target="xl/workbook.xml"/>` +
		`<Relationship Id="rId2" Type="` + openNS + `relationships/metadata/core-properties" Target="docProps/core.xml"/>` +
		`</Relationships>`},
	{"xl/_rels/workbook.xml.rels", xmlHead + `<Relationships xmlns="` + openNS + `relationships">` +
		`<Relationship Id="rId1" Type="` + officeNS + `relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="` + officeNS + `relationships/styles" Target="styles.xml"/>` +
		`</Relationships>`},
	{"xl/styles.xml", xlsxStyles},
}

// Excel shows only as many digits of a plain number as it has room for, so
// integers have the format 1; a time tells its zone, which Excel has none of.
const xlsxStyles = xmlHead + `<styleSheet ` + xlsxMain + `>` +
	`<numFmts count="2">` +
	`<numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss.000&quot; UTC&quot;"/>` +
	`<numFmt numFmtId="165" formatCode="yyyy\-mm\-dd"/>` +
	`</numFmts>` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>` +
	`<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>` +
	`<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>` +
	`<fill><patternFill patternType="solid"><fgColor rgb="FFEDEDED"/><bgColor indexed="64"/></patternFill></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="5">` +
	`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
	`<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/>` +
	`<xf numFmtId="1" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
	`</cellXfs>` +
	`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>` +
	`</styleSheet>`

// The area of all cells, and the columns' widths.
const xlsxSheetBegin = xmlHead + `<worksheet ` + xlsxMain + `><dimension ref="%s"/>` +
	`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>` +
	`<selection pane="bottomLeft"/></sheetView></sheetViews><cols>%s</cols><sheetData>`

// The area that the filter is for.
const xlsxSheetEnd = `</sheetData><autoFilter ref="%s"/></worksheet>`

// The sheet's name, the same in a formula's quotes, and the area of the filter.
const xlsxWorkbook = xmlHead + `<workbook ` + xlsxMain + ` xmlns:r="` + officeNS + `relationships">` +
	`<bookViews><workbookView/></bookViews>` +
	`<sheets><sheet name="%s" sheetId="1" r:id="rId1"/></sheets>` +
	`<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'%s'!%s</definedName></definedNames></workbook>`

const xlsxCore = xmlHead + `<cp:coreProperties xmlns:cp="` + openNS + `metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">` +
	`<dc:title>%s</dc:title><dc:description>%s</dc:description></cp:coreProperties>`

// sheetName gives what Excel takes as a name.
func sheetName(title string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) || r < ' ' || r >= 0xFFFE {
			return ' '
		}
		return r
	}, title)
	if runes := []rune(name); len(runes) > 31 {
		name = string(runes[:31])
	}
	if name = strings.Trim(name, " '"); name == "" {
		return "Sheet1"
	}
	return name
}

// excelColumn gives the letters of a column.
func excelColumn(i int) string {
	letters := ""
	for i++; i > 0; i = (i - 1) / 26 {
		letters = string(rune('A'+(i-1)%26)) + letters
	}
	return letters
}

// excelEscape writes a text into XML. What XML can't carry, and carriage
// returns, which its readers make line feeds of, stand as _x000D_, which is
// Excel's own way; so what looks like the beginning of such an escape has its
// underscore escaped, and every text reads back as it was.
func excelEscape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s { // what is no UTF-8 becomes the replacement character
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			fmt.Fprintf(&b, "_x%04X_", r)
		case r == '_' && beginsEscape(s[i:]):
			b.WriteString("_x005F_")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// beginsEscape does not ask for the underscore at the end: the next character
// may be one that is escaped, and so begin with one.
func beginsEscape(s string) bool {
	if len(s) < 6 || s[1] != 'x' {
		return false
	}
	return strings.Trim(s[2:6], "0123456789abcdefABCDEF") == ""
}
