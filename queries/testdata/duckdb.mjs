// What DuckDB makes of the views of an attached archive. Its extension for SQLite is
// no part of the package, so this does what src/storage/sqlite_transaction.cpp of
// the extension does: DuckDB parses the text of the view and binds it against the
// tables, of which it knows the columns that PRAGMA table_info lists. These lack the
// generated ones. A view that does not bind goes back to SQLite, spelled anew by
// DuckDB.
//
// Takes {"tables": [{"name", "columns": [[name, type]], "rows" or null}], "views":
// [{"name", "sql"}]} and prints {NAME: {"printed": sql} or {"rows"}}, or {"error"} if DuckDB
// cannot parse the view.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../.ci/node/', import.meta.url));
const duckdb = require('@duckdb/node-api');

const { tables, views } = JSON.parse(readFileSync(0, 'utf8'));
const text = (s) => `'${s.replaceAll("'", "''")}'`;
const typeOf = (declared) => ({ INTEGER: 'BIGINT', REAL: 'DOUBLE' })[declared] ?? 'VARCHAR';
const literal = (v) => (v === null ? 'NULL' : text(String(v)));

const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
for (const { name, columns, rows } of tables) {
  await connection.run(`CREATE TABLE ${name} (${columns.map(([column, declared]) => `"${column}" ${typeOf(declared)}`)})`);
  if (rows) await connection.run(`INSERT INTO ${name} VALUES ${rows.map((row) => `(${row.map(literal)})`)}`);
}

const seen = {};
for (const { name, sql } of views) {
  const select = sql.replace(/^CREATE VIEW \w+ AS\s/, '');
  try {
    const printed = await connection.runAndReadAll(`SELECT json_deserialize_sql(json_serialize_sql(${text(select)}))`);
    seen[name] = { printed: printed.getRows()[0][0] };
  } catch (e) {
    seen[name] = { error: String(e) };
    continue;
  }
  try {
    await connection.run(sql);
  } catch {
    continue;
  }
  const result = await connection.runAndReadAll(`SELECT * FROM ${name}`);
  seen[name] = { rows: result.getRows().map((row) => row.map((v) => (typeof v === 'bigint' ? Number(v) : v))) };
}
console.log(JSON.stringify(seen));
