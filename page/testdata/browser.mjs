// Looks at a page with a real browser and prints what it saw as one JSON
// object; the test judges. usage: node browser.mjs CHROMIUM PAGE.html [PICTURES]
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve, join } from 'node:path';
import { stat } from 'node:fs/promises';
import { contrast } from './contrast.mjs';

const require = createRequire(new URL('../../.ci/node/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [executablePath, file, pictures] = process.argv.slice(2);
const address = pathToFileURL(resolve(file)).href;
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const seen = { opened: 0, requests: [], complaints: [] };

async function open(options) {
  const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', ...options });
  seen.opened++;
  const page = await context.newPage();
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('console', (message) => seen.complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => seen.complaints.push(`error: ${error.message}`));
  await page.goto(address, { waitUntil: 'load' });
  return { page, close: () => context.close() };
}

// What a reader of the tables and charts finds.
const read = () => {
  const box = (element) => { const { width, height } = element.getBoundingClientRect(); return { width, height }; };
  const tables = {};
  for (const table of document.querySelectorAll('table')) {
    tables[table.dataset.report] = {
      columns: [...table.tHead.rows[0].cells].map((head) => head.dataset.column),
      rows: [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => (cell.classList.contains('missing') ? null : cell.textContent))),
    };
  }
  return {
    tables,
    bars: [...document.querySelectorAll('.day .bar')].map((b) => ({ kind: b.classList[1], value: Number(b.dataset.value), day: b.parentNode.dataset.day, ...box(b) })),
    appeared: [...document.querySelectorAll('.day .appeared')].map((b) => ({ value: Number(b.dataset.value), day: b.parentNode.dataset.day, ...box(b) })),
    lanes: [...document.querySelectorAll('.lanes .bar')].map((b) => ({ kind: b.classList[1], ...box(b) })),
    images: [...document.querySelectorAll('[role=img]')].map((image) => (image.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ')),
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    controls: [...document.querySelectorAll('button, input')].filter((c) => c.checkVisibility()).length,
    words: document.body.innerText,
  };
};

// unfold opens what is folded, so that it is measured too.
const unfold = () => document.querySelectorAll('details').forEach((d) => { d.open = true; });

// sortAll presses every column's button twice, and reads the column each time.
const sortAll = () => {
  const sorted = {};
  for (const table of document.querySelectorAll('table')) {
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      sorted[`${table.dataset.report}.${head.dataset.column}`] = [1, 2].map(() => {
        head.querySelector('button').click();
        return {
          order: head.getAttribute('aria-sort'), sorts: table.querySelectorAll('th[aria-sort]').length,
          values: [...table.tBodies[0].rows].map((row) => row.cells[at].textContent),
        };
      });
    });
  }
  return sorted;
};

try {
  const { page, close } = await open({});
  seen.page = await page.evaluate(read);
  if (pictures) await page.screenshot({ path: join(pictures, 'page.png'), fullPage: true, clip: { x: 0, y: 0, width: 1200, height: 1800 } });
  await page.evaluate(unfold);
  seen.light = await page.evaluate(contrast);

  // Sorting every column, then one by pointer, then by keyboard alone.
  seen.sorted = await page.evaluate(sortAll);
  const first = page.locator('table th button').first();
  await first.click();
  const clicked = await first.locator('..').getAttribute('aria-sort');
  for (let i = 0; i < 200; i++) {
    await page.keyboard.press('Shift+Tab');
    if (await page.evaluate(() => document.activeElement.classList.contains('skip'))) break;
  }
  let presses = 0;
  for (; presses < 200; presses++) {
    await page.keyboard.press('Tab');
    if (await first.evaluate((button) => button === document.activeElement)) break;
  }
  const outlined = await first.evaluate((button) => getComputedStyle(button).outlineStyle);
  await page.keyboard.press('Enter');
  seen.keyboard = { presses, clicked, outlined, entered: await first.locator('..').getAttribute('aria-sort') };

  const sheet = page.locator('.sheet', { has: page.locator('table[data-report=failures]') });
  const input = sheet.locator('input');
  if (await input.count() && await input.isVisible()) {
    const wanted = seen.page.tables.failures.rows[0][1];
    await input.fill(wanted);
    seen.filtered = { wanted, shown: await sheet.locator('tbody tr:visible').allTextContents(), said: await sheet.locator('output').textContent() };
    await input.fill('nothing-has-this');
    seen.filtered.none = await sheet.locator('tbody tr:visible').count();
    await input.fill('');
    seen.filtered.all = await sheet.locator('tbody tr:visible').count();
  }
  await close();

  const dark = await open({ colorScheme: 'dark' });
  if (pictures) await dark.page.screenshot({ path: join(pictures, 'page-dark.png'), fullPage: true, clip: { x: 0, y: 0, width: 1200, height: 1800 } });
  if (pictures) await dark.page.screenshot({ path: join(pictures, 'whole-dark.png'), fullPage: true });
  await dark.page.evaluate(unfold);
  seen.dark = await dark.page.evaluate(contrast);
  await dark.close();

  const desk = await open({ viewport: { width: 1280, height: 800 } });
  seen.cut = await desk.page.evaluate(() => [...document.querySelectorAll('.box')].filter((b) => b.checkVisibility() && b.scrollWidth > b.clientWidth).map((b) => b.querySelector('table').dataset.report));
  await desk.close();

  const phone = await open({ viewport: { width: 360, height: 740 } });
  if (pictures) await phone.page.screenshot({ path: join(pictures, 'whole-phone.png'), fullPage: true });
  seen.phone = await phone.page.evaluate(read);
  await phone.page.evaluate(unfold);
  seen.unfolded = await phone.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await phone.close();

  const plain = await open({ javaScriptEnabled: false });
  seen.plain = { words: await plain.page.locator('body').innerText(), controls: await plain.page.locator('button:visible, input:visible').count(), bars: await plain.page.locator('.day .bar').count() };
  await plain.close();

  const paper = await open({ colorScheme: 'dark' });
  if (pictures) await paper.page.screenshot({ path: join(pictures, 'whole-screen.png'), fullPage: true });
  const print = await paper.page.pdf({ format: 'A4', path: pictures && join(pictures, 'page.pdf'), printBackground: true });
  seen.pages = print.toString('latin1').match(/\/Type\s*\/Page[^s]/g)?.length ?? 0;
  await paper.page.emulateMedia({ media: 'print' });
  seen.print = await paper.page.evaluate(contrast);
  seen.printed = await paper.page.locator('nav:visible, .tools:visible, .skip:visible').count();
  await paper.close();

  if (pictures) {
    const whole = await open({});
    await whole.page.screenshot({ path: join(pictures, 'whole.png'), fullPage: true });
    await whole.close();
    seen.size = (await stat(join(pictures, 'page.png'))).size;
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
