// A person in front of Chromium: opens the address, approves, logs in, chooses a site.
//
//   node browser.mjs '{"url": "...", "person": "Ada", "decision": "approve", "shots": "dir" | null}'
//
// Prints one JSON line: the pages that were seen, and the address of the client that got the answer.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.TELAMON_NODE_MODULES, 'any.js'));
const { chromium } = require('playwright-core');

const wish = JSON.parse(process.argv[2]);
const home = new URL(wish.url).origin;
const seen = [];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--no-first-run'],
});
try {
  const context = await browser.newContext({
    viewport: { width: wish.width ?? 900, height: wish.height ?? 900 },
    colorScheme: wish.dark ? 'dark' : 'light',
    javaScriptEnabled: false,
  });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => { 
    if (message.type() === 'error' && message.location().url.startsWith(`${home}/`)) problems.push(`${message.text()} ${message.location().url}`);
  });
  let answer = null;
  page.on('request', (request) => {
    const url = request.url();
    if (request.isNavigationRequest() && !url.startsWith(`${home}/`)) answer = url;
  });
  page.on('requestfailed', (request) => {
    if (request.isNavigationRequest() && !request.url().startsWith(`${home}/`)) answer = request.url();
  });
  await page.goto(wish.url, { waitUntil: 'load' });
  for (let step = 0; step < 8 && page.url().startsWith(`${home}/`) && answer === null; step += 1) {
    const title = await page.title();
    seen.push(title);
    if (wish.shots) {
      mkdirSync(wish.shots, { recursive: true });
      const name = `${wish.prefix ?? ''}${step + 1}-${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
      await page.screenshot({ path: join(wish.shots, `${name}.png`), fullPage: true });
    }
    for (const label of await page.getByLabel(new RegExp(wish.person, 'i')).all()) {
      if ((await label.getAttribute('type')) === 'radio') await label.check();
    }
    const wanted = wish.decision === 'deny' ? /^(deny|cancel|decline)/i : /^(approve|accept|allow|continue|log in|sign in|use|choose)/i;
    const named = page.getByRole('button', { name: new RegExp(wish.person, 'i') });
    const button = (await named.count()) > 0 ? named.first() : page.getByRole('button', { name: wanted }).first();
    if ((await button.count()) === 0) break;
    await Promise.all([
      page.waitForLoadState('load').catch(() => undefined),
      button.click({ noWaitAfter: false }).catch(() => undefined),
    ]);
    await page.waitForTimeout(300);
  }
  const text = page.url().startsWith('http') ? await page.textContent('body').catch(() => '') : '';
  console.log(JSON.stringify({ seen, answer, at: page.url(), text: (text ?? '').slice(0, 4000), problems }));
} finally {
  await browser.close();
}
