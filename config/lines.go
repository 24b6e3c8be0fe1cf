package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// lineNumbers returns the line of each key and table of a TOML file, by paths such
// as `sync.page_size`, `clusters[2]` and `clusters[2].name`, elements counted from
// 1. The file is valid, since it has been decoded before.
func lineNumbers(data []byte) map[string]int {
	l := lineFinder{lines: make(map[string]int), elements: make(map[string]int)}
	for i, c := range data {
		if c == '\n' {
			l.newlines = append(l.newlines, i)
		}
	}
	l.parser.Reset(data)
	table := ""
	for l.parser.NextExpression() {
		switch node := l.parser.Expression(); node.Kind {
		case unstable.Table:
			table = l.key("", node)
		case unstable.ArrayTable:
			path := l.key("", node)
			l.elements[path]++
			table = element(path, l.elements[path])
			l.mark(table, l.lineOf(firstKey(node)))
		case unstable.KeyValue:
			l.keyValue(table, node, 0)
		}
	}
	return l.lines
}

type lineFinder struct {
	parser   unstable.Parser
	newlines []int          // offsets
	elements map[string]int // how many an array of tables has so far, by its path
	lines    map[string]int
}

// maxKeyDepth is deeper than any key of ours. The limit keeps a key of a hundred
// thousand dots cheap.
const maxKeyDepth = 4

// key marks every part of a node's key and returns its path. Below an array of
// tables, the path leads into the newest element.
func (l *lineFinder) key(path string, node *unstable.Node) string {
	depth := 0
	for it := node.Key(); it.Next() && depth < maxKeyDepth; depth++ {
		if n := l.elements[path]; n > 0 {
			path = element(path, n)
		}
		path = child(path, string(it.Node().Data))
		l.mark(path, l.lineOf(it.Node()))
	}
	return path
}

func (l *lineFinder) keyValue(table string, node *unstable.Node, depth int) {
	path := l.key(table, node)
	l.value(path, l.lineOf(firstKey(node)), node.Value(), depth)
}

// value marks the elements of lists and inline tables. A node without a position
// has the line of its parent.
func (l *lineFinder) value(path string, line int, node *unstable.Node, depth int) {
	if depth > maxKeyDepth {
		return
	}
	switch node.Kind {
	case unstable.InlineTable:
		for it := node.Children(); it.Next(); {
			l.keyValue(path, it.Node(), depth+1)
		}
	case unstable.Array:
		n := 0
		for it := node.Children(); it.Next(); {
			n++
			at := line
			if it.Node().Raw.Length > 0 {
				at = l.lineOf(it.Node())
			}
			l.mark(element(path, n), at)
			l.value(element(path, n), at, it.Node(), depth+1)
		}
	}
}

// mark keeps the first line: with `sync.rate = 1` before `sync.parallel = 2`, sync
// has the line of the former.
func (l *lineFinder) mark(path string, line int) {
	if _, ok := l.lines[path]; !ok {
		l.lines[path] = line
	}
}

func (l *lineFinder) lineOf(node *unstable.Node) int {
	n, _ := slices.BinarySearch(l.newlines, int(node.Raw.Offset))
	return n + 1
}

func firstKey(node *unstable.Node) *unstable.Node {
	it := node.Key()
	it.Next()
	return it.Node()
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// child is the path of a key in a table, in the spelling of TOML.
func child(path, key string) string {
	if !bareKey.MatchString(key) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func element(path string, n int) string { return fmt.Sprintf("%s[%d]", path, n) }
