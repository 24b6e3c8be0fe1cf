// Tables sort and filter. The page is whole without this script; what it adds
// appears only when it runs.
(() => {
  'use strict';
  const words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const few = 6; // rows that need no filter

  // A missing value is last in both directions. Numbers are in cells that say
  // so; times sort as texts.
  const compare = (a, b, turn) => {
    if (a.missing || b.missing) return a.missing - b.missing;
    return turn * (a.number !== null && b.number !== null ? a.number - b.number : words.compare(a.text, b.text));
  };

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    const text = cell.textContent;
    const number = cell.classList.contains('number') ? Number(text) : null;
    return { row, text, number, missing: Number(cell.classList.contains('missing')) };
  };

  const sort = (table, column) => {
    const heads = [...table.tHead.rows[0].cells];
    const up = heads[column].getAttribute('aria-sort') !== 'ascending';
    const body = table.tBodies[0];
    const keys = [...body.rows].map((row) => keyOf(row, column));
    keys.sort((a, b) => compare(a, b, up ? 1 : -1));
    body.append(...part(keys));
    heads.forEach((head) => head.removeAttribute('aria-sort'));
    heads[column].setAttribute('aria-sort', up ? 'ascending' : 'descending');
  };

  // A call takes only so many arguments: rows go in by way of a fragment.
  const part = (keys) => {
    const all = document.createDocumentFragment();
    for (const key of keys) all.append(key.row);
    return [all];
  };

  // A table that is cut leads to a search of all there is.
  const filter = (table, input, output, search) => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = [...row.cells].map((cell) => cell.textContent).join(' ').toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    const all = table.tBodies[0].rows.length;
    output.textContent = wanted.length ? `${shown} of ${search ? 'the ' : ''}${all} rows${search ? ' here.' : ''}` : '';
    if (!search) return;
    search.hidden = !wanted.length;
    const { to } = search.dataset;
    search.href = to.endsWith('=') ? to + encodeURIComponent(input.value.trim()) : to;
  };

  for (const sheet of document.querySelectorAll('.sheet')) {
    const table = sheet.querySelector('table');
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      button.addEventListener('click', () => sort(table, column));
      head.append(button);
    });
    if (table.tBodies[0].rows.length <= few) continue;
    const tools = sheet.querySelector('.tools');
    const input = tools.querySelector('input');
    input.addEventListener('input', () => filter(table, input, tools.querySelector('output'), tools.querySelector('.search')));
    input.setAttribute('aria-label', `Filter: ${table.caption.firstChild.textContent.trim()}`);
    tools.hidden = false;
  }
})();
