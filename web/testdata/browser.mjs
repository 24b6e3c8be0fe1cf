// Looks at served pages with a real browser and prints what it saw as one JSON
// object; the test judges. usage: node browser.mjs CHROMIUM ORIGIN JOB PATHS [PICTURES]
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { contrast } from '../../page/testdata/contrast.mjs';

const require = createRequire(new URL('../../.ci/node/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [executablePath, origin, job, paths, pictures] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const seen = { requests: [], complaints: [], pages: {}, plain: {} };

async function open(options) {
  const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('console', (message) => seen.complaints.push(`${page.url()} ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => seen.complaints.push(`${page.url()} error: ${error.message}`));
  return { page, close: () => context.close() };
}

const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;

const read = () => ({
  heading: document.querySelector('h1').textContent,
  inline: document.querySelectorAll('[style], style, script:not([src]), [onclick], [onload]').length,
  links: [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')),
  unnamed: [...document.querySelectorAll('[role=img]')].filter((image) => !(image.getAttribute('aria-labelledby') ?? '').split(' ').some((id) => document.getElementById(id)?.textContent)).length
    + [...document.querySelectorAll('input, select')].filter((c) => c.checkVisibility() && c.labels.length === 0 && !c.getAttribute('aria-label')).length,
  narrow: [...document.querySelectorAll('.lanes .bar, .day .bar')].filter((b) => b.checkVisibility() && b.getBoundingClientRect().width < 1).length,
  bars: document.querySelectorAll('.lanes .bar, .day .bar').length,
  styled: getComputedStyle(document.querySelector('nav.pages')).display,
});

const rows = (page, report) => page.locator(`table[data-report="${report}"] tbody tr`).evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));

try {
  const light = await open({});
  for (const path of JSON.parse(paths)) {
    const answer = await light.page.goto(origin + path, { waitUntil: 'load' });
    const looked = await light.page.evaluate(read);
    await light.page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
    seen.pages[path] = { status: answer.status(), ...looked, overflow: await light.page.evaluate(overflow), light: await light.page.evaluate(contrast) };
    await light.page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = false; }));
    if (pictures) await light.page.screenshot({ path: join(pictures, `light${path.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 60)}.png`), fullPage: true });
  }
  await light.page.goto(`${origin}/reports/failures`);
  await light.page.emulateMedia({ media: 'print' });
  seen.printed = { controls: await light.page.locator('nav:visible, form:visible, .tools:visible, .skip:visible, .downloads:visible').count(), rows: await light.page.locator('tbody tr:visible').count() };
  await light.page.emulateMedia({ media: 'screen' });
  // Sorting needs the script, which is a file of its own.
  await light.page.goto(`${origin}/reports/failures`);
  const head = light.page.locator('th[data-column=job_id] button');
  await head.click();
  seen.sorted = { order: await head.locator('..').getAttribute('aria-sort'), rows: await rows(light.page, 'failures') };
  const [download] = await Promise.all([light.page.waitForEvent('download'), light.page.getByRole('link', { name: 'CSV', exact: true }).click()]);
  seen.file = { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
  // A filter that finds nothing in a table that is cut leads to a search of all.
  await light.page.goto(`${origin}/jobs?limit=8`);
  const search = light.page.locator('.tools .search');
  seen.search = { before: await search.isVisible() };
  await light.page.locator('.tools input').fill(job);
  seen.search.said = await light.page.locator('.tools output').textContent();
  await search.click();
  seen.search.heading = await light.page.locator('h1').textContent();
  await light.close();

  for (const [name, options] of [['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 360, height: 740 } }]]) {
    const other = await open(options);
    for (const path of JSON.parse(paths)) {
      await other.page.goto(origin + path, { waitUntil: 'load' });
      if (pictures) await other.page.screenshot({ path: join(pictures, `${name}${path.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 60)}.png`), fullPage: true });
      seen.pages[path][name] = name === 'dark' ? (await other.page.evaluate(contrast)).ratio : await other.page.evaluate(overflow);
    }
    await other.close();
  }

  // A form, a search and a slip of the pen, with no script at all.
  const plain = await open({ javaScriptEnabled: false });
  await plain.page.goto(`${origin}/reports/failures`);
  await plain.page.getByLabel('cluster', { exact: true }).selectOption('lab');
  await plain.page.getByLabel('limit', { exact: true }).fill('2');
  await plain.page.getByRole('button', { name: 'Show' }).click();
  seen.plain.address = plain.page.url();
  seen.plain.rows = await rows(plain.page, 'failures');
  seen.plain.chosen = await plain.page.getByLabel('cluster', { exact: true }).inputValue();
  await plain.page.getByLabel('limit', { exact: true }).fill('many');
  await plain.page.getByRole('button', { name: 'Show' }).click();
  seen.plain.wrong = await plain.page.locator('.field .wrong').innerText();
  await plain.page.locator('#find-job').fill(job);
  await plain.page.getByRole('button', { name: 'Find' }).click();
  seen.plain.job = await plain.page.locator('h1').innerText();
  seen.plain.transitions = (await rows(plain.page, 'timeline')).length;
  await plain.page.getByRole('link', { name: 'Overview' }).click();
  await plain.page.locator('#freshness a', { hasText: 'lab' }).first().click();
  seen.plain.cluster = await plain.page.locator('h1').innerText();
  await plain.close();
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
