// Opens the overview as a desk and a phone show it, with no script, and prints which
// clusters in trouble stand whole in the first screen. usage: node fleet.mjs CHROMIUM ORIGIN [PICTURES NAME]
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(new URL('../../.ci/node/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const [executablePath, origin, pictures, name] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const seen = {};
try {
  for (const [screen, viewport, colorScheme] of [['desk', { width: 1280, height: 800 }, 'light'], ['phone', { width: 390, height: 844 }, 'light'], ['dark', { width: 390, height: 844 }, 'dark']]) {
    const context = await browser.newContext({ viewport, colorScheme, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(origin, { waitUntil: 'load' });
    seen[screen] = await page.evaluate(() => [...document.querySelectorAll('.trouble li')].filter((item) => {
      const { top, bottom, left, right } = item.getBoundingClientRect();
      return item.checkVisibility() && top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth;
    }).map((item) => item.querySelector('a').textContent));
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-${screen}.png`) });
    if (pictures) await page.screenshot({ path: join(pictures, `${name}-${screen}-whole.png`), fullPage: true });
    await context.close();
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
