package export

import (
	"bufio"
	"cmp"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"importarchive/queries"
	"importarchive/report"
)

// parquetWriter writes groups of rows, each column by column. The library holds a
// group in memory until it is whole. So a group ends at a number of rows, which
// suits readers, or earlier at a number of bytes, because texts can be long.
type parquetWriter struct {
	out   *parquet.GenericWriter[any]
	rows  *typedRows
	batch []parquet.Row // written together: the library is slow with single rows
	group int           // rows of the current group, and their bytes
	bytes int
}

const (
	groupRows   = 64 << 10
	groupBytes  = 8 << 20
	batchedRows = 256

	bytesOfNumber = 8
)

// Parquet is the format for data frames and warehouses: typed columns,
// compressed.
func Parquet() report.Format { return report.Format{Name: "parquet", Encode: encodeParquet} }

func encodeParquet(w *bufio.Writer, t *report.Table, o report.Options) error {
	if t.Described == nil {
		return errors.New("parquet has typed columns, and the types of this table are not known")
	}
	var root parquetRoot
	for _, c := range t.Described {
		root.fields = append(root.fields, parquetField{parquetColumn(c), c.Name})
	}
	options := []parquet.WriterOption{
		parquet.NewSchema("table", root),
		parquet.Compression(&parquet.Snappy), // zstd needs 45 MB more memory
		createdBy(o.Version),
		parquet.DataPageVersion(1), // some readers know no other
		parquet.DictionaryMaxBytes(256 << 10),
		parquet.KeyValueMetadata("about", o.About),
		parquet.KeyValueMetadata("title", o.Title),
	}
	p := &parquetWriter{out: parquet.NewGenericWriter[any](w, options...), rows: typed(t)}
	if err := t.Each(p.row); err != nil {
		return err
	}
	if err := p.hand(); err != nil {
		return err
	}
	return p.out.Close()
}

func (p *parquetWriter) row(values []any) error {
	typed, err := p.rows.next(values)
	if err != nil {
		return err
	}
	row := make(parquet.Row, len(typed))
	for i, v := range typed {
		c := p.rows.columns[i]
		defined := 0 // 1 for a value of a nullable column
		if c.Nullable && v != nil {
			defined = 1
		}
		row[i] = parquetValue(c.Type, v).Level(0, defined, i)
		p.bytes += bytesOfNumber
		if s, ok := v.(string); ok {
			p.bytes += len(s)
		}
	}
	p.group++
	if p.batch = append(p.batch, row); len(p.batch) < batchedRows && p.bytes < groupBytes {
		return nil
	}
	if err := p.hand(); err != nil || p.group < groupRows && p.bytes < groupBytes {
		return err
	}
	p.group, p.bytes = 0, 0
	return p.out.Flush()
}

func (p *parquetWriter) hand() error {
	_, err := p.out.WriteRows(p.batch)
	p.batch = p.batch[:0]
	return err
}

// parquetColumn returns the type of a column in the file.
func parquetColumn(c queries.Column) parquet.Node {
	var node parquet.Node
	switch c.Type {
	case queries.Integer:
		node = parquet.Int(64)
	case queries.Real:
		node = parquet.Leaf(parquet.DoubleType)
	case queries.Time:
		node = parquet.Timestamp(parquet.Millisecond)
	case queries.Day:
		node = parquet.Date()
	default:
		// A group stores each word of a small set, such as the states, once. The
		// library gives the dictionary up where a column has too many.
		node = parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	if c.Nullable {
		node = parquet.Optional(node)
	}
	return node
}

func parquetValue(as queries.Type, v any) parquet.Value {
	switch v := v.(type) {
	case string:
		return parquet.ByteArrayValue([]byte(validText(v)))
	case int64:
		return parquet.Int64Value(v)
	case float64:
		return parquet.DoubleValue(v)
	case time.Time:
		if as == queries.Day {
			return parquet.Int32Value(int32(v.Unix() / (24 * 60 * 60))) // exact: it is midnight
		}
		return parquet.Int64Value(v.UnixMilli())
	}
	return parquet.NullValue()
}

// validText replaces invalid UTF-8, for which readers refuse the whole file. JSON
// replaces it in the same way.
func validText(s string) string { return string([]rune(s)) }

// parquetRoot is a group of columns in our order. The library's own group sorts
// them by name.
type parquetRoot struct {
	parquet.Group
	fields []parquet.Field
}

func (r parquetRoot) Fields() []parquet.Field { return r.fields }

type parquetField struct {
	parquet.Node
	name string
}

func (f parquetField) Name() string { return f.name }

// Value is for writing Go structs, which this package does not do.
func (parquetField) Value(reflect.Value) reflect.Value { return reflect.Value{} }

// createdBy names the program in the form that readers parse: "importarchive version
// 0.1.0 (build 58a23b8)". Some readers ignore the statistics of a file whose
// version they can't read. A version of the Go toolchain is v0.1.0 or (devel),
// and may have a revision behind it.
func createdBy(version string) parquet.WriterOption {
	number, build, _ := strings.Cut(version, " ")
	number = strings.TrimPrefix(strings.Trim(number, "()"), "v")
	return parquet.CreatedBy("importarchive", cmp.Or(number, "unknown"), cmp.Or(build, "unknown"))
}
