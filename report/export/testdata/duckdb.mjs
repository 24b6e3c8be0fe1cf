// An independent reader of our files: prints what DuckDB makes of one.
//
//   node duckdb.mjs FILE.parquet
//   node duckdb.mjs FILE.csv|FILE.jsonl '[["job_id","text"],["first_seen_at","time"]]'
//
// The second form gives the types, in the words of a query's header, as a
// reader of untyped files must. The first line printed is
// {"columns":[[name,type],…]} with DuckDB's types, each further one a row:
// an array of null, numbers with all their digits, texts; times and days as
// texts in our spelling.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { extname } from 'node:path';

const require = createRequire(new URL('../../../.ci/node/', import.meta.url));
const duckdb = require('@duckdb/node-api');

const sqlTypes = { text: 'VARCHAR', integer: 'BIGINT', real: 'DOUBLE', time: 'TIMESTAMP_MS', day: 'DATE' };
const [file, typesJSON] = process.argv.slice(2);
const text = (s) => `'${s.replaceAll("'", "''")}'`;

function source() {
  if (extname(file) === '.parquet') return `read_parquet(${text(file)})`;
  const columns = `{${JSON.parse(typesJSON).map(([name, type]) => `${text(name)}: ${text(sqlTypes[type])}`)}}`;
  if (extname(file) === '.csv') {
    // A quoted empty field is an empty text, one without quotes is NULL.
    return `read_csv(${text(file)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
      nullstr = '', allow_quoted_nulls = false, strict_mode = true, columns = ${columns})`;
  }
  return `read_json(${text(file)}, format = 'newline_delimited', auto_detect = false, columns = ${columns})`;
}

function spelled(value) {
  switch (true) {
    case value === null:
      return 'null';
    case typeof value === 'string':
      return JSON.stringify(value);
    case typeof value === 'number' || typeof value === 'bigint':
      return String(value);
    case 'days' in value:
      return JSON.stringify(new Date(value.days * 864e5).toISOString().slice(0, 10));
    case 'millis' in value || 'milliseconds' in value:
      return time(value.millis ?? value.milliseconds);
    case 'micros' in value && value.micros % 1000n === 0n:
      return time(value.micros / 1000n);
  }
  throw new Error(`an unexpected value: ${value}`);
}

function time(millis) {
  return JSON.stringify(new Date(Number(millis)).toISOString().replace('T', ' ').replace('Z', ''));
}

const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
const result = await connection.stream(`SELECT * FROM ${source()}`);
const columns = result.columnNames().map((name, i) => [name, String(result.columnType(i))]);
let lines = JSON.stringify({ columns }) + '\n';
for await (const rows of result.yieldRows()) {
  for (const row of rows) lines += `[${row.map(spelled).join(',')}]\n`;
  if (!process.stdout.write(lines)) await once(process.stdout, 'drain');
  lines = '';
}
process.stdout.write(lines);
