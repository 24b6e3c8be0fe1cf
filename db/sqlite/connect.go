package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"importarchive/db/sqlite/files"
)

// Parameters of connections that can't write.
const (
	// besideWriter is for a file that other processes may be writing to. SQLite
	// creates files beside it, and leaves them there.
	besideWriter = "mode=ro&_pragma=busy_timeout(10000)"

	// asGuest is for the same file and a user who may not write it. SQLite takes the
	// log's index as it is, and never creates one: that would belong to this user, and
	// no writer of another user could open the archive.
	asGuest = besideWriter + "&readonly_shm=1"

	// alone is for a file without a log. SQLite creates files beside it too, but
	// this connection may remove them when it is the last. It can't change the file.
	alone = "mode=rw&_pragma=busy_timeout(10000)&_pragma=query_only(1)"

	// immutable is for a file without a writer: SQLite takes no lock, creates no
	// file and reads no log.
	immutable = "mode=ro&immutable=1"
)

// readerParameters returns how this user reads a file without leaving a new file
// beside it that a writer could not use. Writers keep the log and its index, so the
// file of a service always has both, whether the service runs or not.
func readerParameters(path string) string {
	switch indexed, mine := exists(path+"-wal") && exists(path+"-shm"), files.MayWrite(path); {
	case (indexed || hasLog(path)) && mine:
		return besideWriter
	case indexed || hasLog(path):
		return asGuest
	case mine:
		return alone
	}
	return immutable
}

// openReader opens a file for reading, and leaves no new file beside it. Where
// SQLite can't create its files (a read-only folder, a full disk), it opens a file
// without a log as immutable.
func openReader(ctx context.Context, path string) (*sql.DB, error) {
	reader, err := tryReader(ctx, path, readerParameters(path))
	if err != nil && ctx.Err() == nil && !hasLog(path) {
		reader, err = tryReader(ctx, path, immutable)
	}
	return reader, err
}

// tryReader opens a file and reads from it, because opening alone does nothing.
func tryReader(ctx context.Context, path, parameters string) (*sql.DB, error) {
	reader, err := openFile(path, parameters)
	if err != nil {
		return nil, err
	}
	var tables int
	if err := reader.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	return reader, nil
}

// openFile opens the SQLite file with URI parameters.
func openFile(path, parameters string) (*sql.DB, error) {
	name, err := uri(path, parameters)
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", name)
}

func uri(path, parameters string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	absolute = filepath.ToSlash(absolute)
	if !strings.HasPrefix(absolute, "/") {
		absolute = "/" + absolute
	}
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(absolute)
	return "file://" + escaped + "?" + parameters, nil
}

// openKeeping opens the SQLite file with connections that keep its log and the log's
// index when the last of them closes. SQLite would delete both, and the next user who
// looks would create them as its own: then the service could not open its archive any
// more. Kept, they also let a user read who may not create a file.
func openKeeping(path, parameters string) (*sql.DB, error) {
	name, err := uri(path, parameters)
	if err != nil {
		return nil, err
	}
	plain, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeper{plain.Driver(), name}), plain.Close()
}

// keeper is a [driver.Connector] for openKeeping.
type keeper struct {
	driver driver.Driver
	name   string
}

// Driver implements [driver.Connector].
func (k keeper) Driver() driver.Driver { return k.driver }

// Connect implements [driver.Connector].
func (k keeper) Connect(context.Context) (driver.Conn, error) {
	conn, err := k.driver.Open(k.name)
	if err != nil {
		return nil, err
	}
	control, ok := conn.(sqlite.FileControl)
	if !ok {
		return nil, errors.Join(errors.New("the driver can't keep SQLite's log"), conn.Close())
	}
	if _, err := control.FileControlPersistWAL("main", 1); err != nil {
		return nil, errors.Join(fmt.Errorf("keeping the log: %w", err), conn.Close())
	}
	return conn, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
