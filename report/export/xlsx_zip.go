package export

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
)

// anyArea is the placeholder for the area of all cells, which stands at the
// beginning of a sheet and is known only at the end.
const anyArea = "A1:XFD1048576"

// workbookZip is the ZIP file of a workbook. It writes the area of the cells into
// the sheet, from which streaming readers take the size of the sheet.
type workbookZip struct {
	*zip.Writer
	area string
}

func (z workbookZip) Create(name string) (io.Writer, error) {
	part, err := z.Writer.Create(name)
	if err != nil || !strings.HasPrefix(name, "xl/worksheets/") {
		return part, err
	}
	return &sheetPart{Writer: part, area: z.area}, nil
}

// sheetPart replaces [anyArea], which is in the first bytes that the library
// writes.
type sheetPart struct {
	io.Writer
	area string // "" once it is written
}

func (p *sheetPart) Write(b []byte) (int, error) {
	head, rest, found := bytes.Cut(b, []byte(anyArea))
	if p.area == "" || !found {
		return p.Writer.Write(b)
	}
	for _, part := range [][]byte{head, []byte(p.area), rest} {
		if _, err := p.Writer.Write(part); err != nil {
			return 0, err
		}
	}
	p.area = ""
	return len(b), nil
}
