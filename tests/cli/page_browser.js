// A restoration page in a real browser: node page_browser.js CHROMIUM PAGE. Chromium is spoken to
// through pipes (its file descriptors 3 and 4), one JSON message after another with a NUL between
// them, so nothing needs to be installed beside it. Prints what is wrong; status 1 if anything is.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const [chromium, page] = process.argv.slice(2);
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'kizil-page-'));
const browser = spawn(chromium, ['--headless', '--window-size=1200,900', '--no-sandbox', '--disable-gpu', '--no-first-run',
  `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'],
{ stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
const waiting = new Map(), listeners = [], wrong = [];
let number = 0, rest = '';

browser.stdio[4].on('data', (data) => {
  const parts = (rest + data).split('\0');
  rest = parts.pop();
  for (const part of parts) {
    const m = JSON.parse(part);
    if (m.id) {
      const [resolve, reject] = waiting.get(m.id);
      if (m.error) reject(new Error(m.error.message));
      else resolve(m.result);
    } else {
      for (const listen of listeners) listen(m);
    }
  }
});

const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
  waiting.set(++number, [resolve, reject]);
  browser.stdio[3].write(`${JSON.stringify({ id: number, method, params, sessionId })}\0`);
});
const when = (method) => new Promise((resolve) => {
  listeners.push((m) => { if (m.method === method) resolve(m.params); });
});
const check = (is, words) => { if (!is) wrong.push(words); };

async function main() {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const tell = (method, params) => send(method, params, sessionId);
  const ask = async (expression) => {
    const { result, exceptionDetails } =
      await tell('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  };
  listeners.push((m) => {
    if (m.method === 'Network.requestWillBeSent') {
      const { url } = m.params.request;
      check(url.startsWith('data:') || url.startsWith('file:///'), `asks for ${url.slice(0, 200)}`);
    }
    if (m.method === 'Log.entryAdded') wrong.push(`console: ${m.params.entry.text}`);
    if (m.method === 'Runtime.exceptionThrown')
      wrong.push(`script: ${m.params.exceptionDetails.text}`);
  });
  for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await tell(`${domain}.enable`);
  const load = async () => {
    const loaded = when('Page.loadEventFired');
    await tell('Page.navigate', { url: `file://${path.resolve(page)}` });
    await loaded;
  };
  const key = async (k, code) => {
    for (const type of ['keyDown', 'keyUp'])
      await tell('Input.dispatchKeyEvent', { type, key: k, code: k, windowsVirtualKeyCode: code });
  };
  const mouse = (type, x, y) =>
    tell('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1 });
  const shown = (selector) =>
    ask(`getComputedStyle(document.querySelector('${selector}')).display !== 'none'`);
  const at = () => ask("document.querySelector('.slider input').value");

  await load();
  check(await ask("[...document.images].every((i) => i.complete && i.naturalWidth > 0)"),
    'a picture cannot be decoded');
  check(await ask("document.querySelector('.stage').classList.contains('sliding')"), 'no slider');
  check(await at() === '50', 'the slider does not begin in the middle');
  await ask("document.querySelector('.slider input').focus()");
  await key('ArrowLeft', 37);
  check(await at() === '49', `the left key moves the slider to ${await at()}`);
  check(await ask("getComputedStyle(document.querySelector('.before img')).clipPath.includes('51%')"),
    'the slider moves and the picture does not');
  check(await ask("document.querySelector('.slider input').getAttribute('aria-valuetext')") ===
    '49 % before', 'the slider does not say where it is');

  const box = await ask("document.querySelector('.stage').scrollIntoView(), " +
    "(({x, y, width, height}) => ({x, y, width, height}))" +
    "(document.querySelector('.stage').getBoundingClientRect())");
  const middle = box.y + Math.min(box.height, 300) / 2;
  await mouse('mousePressed', box.x + box.width * 0.8, middle);
  await mouse('mouseMoved', box.x + box.width * 0.2, middle);
  await mouse('mouseReleased', box.x + box.width * 0.2, middle);
  check(Math.abs(await at() - 20) <= 1, `dragging to 20 % moves the slider to ${await at()}`);

  for (const layer of ['classes', 'heat', 'veil', 'numbers']) {
    if (!await ask(`document.querySelector('.t-${layer}') !== null`)) continue;
    const place = layer === 'numbers' ? '.numbers' : `.l-${layer}`;
    check(!await shown(place), `${layer} is shown at first`);
    await ask(`document.querySelector('.t-${layer}').focus()`);
    await key(' ', 32);
    check(await shown(place), `${layer} cannot be shown`);
    const same = await ask(`((a, b) => Math.abs(a.x - b.x) + Math.abs(a.y - b.y) +
      Math.abs(a.width - b.width) + Math.abs(a.height - b.height) < 1)(
      document.querySelector('${place}').getBoundingClientRect(),
      document.querySelector('.after img').getBoundingClientRect())`);
    check(same, `${layer} does not lie on the picture`);
    await key(' ', 32);
  }
  await ask("document.querySelector('.beside input').click()");
  const boxes = () => ask("['.before img', '.after img'].map((s) => " +
    'document.querySelector(s).getBoundingClientRect().x)');
  let [left, right] = await boxes();
  check(left < right, 'side by side they are not');
  await ask("document.querySelector('.beside input').click()");

  await tell('Emulation.setEmulatedMedia', { media: 'print' });
  [left, right] = await boxes();
  check(left < right, 'on paper they are not side by side');
  check(await ask("getComputedStyle(document.querySelector('.before img')).clipPath") === 'none',
    'on paper a part is cut off');
  check(!await shown('.slider'), 'the slider is printed');
  await tell('Emulation.setEmulatedMedia', { media: '' });

  for (const scheme of ['light', 'dark']) {
    await tell('Emulation.setEmulatedMedia',
      { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    const low = await ask(`(() => {
      const light = (c) => c.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
      const paper = light(getComputedStyle(document.body).backgroundColor);
      return ['p', '.soft', '.tag', 'a', 'figcaption', 'dt', '.kind'].map((s) => {
        const e = document.querySelector('main .zoom ' + s) || document.querySelector(s);
        if (!e) return '';
        const ink = light(getComputedStyle(e).color);
        const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        return ratio < 4.5 ? s + ' ' + ratio.toFixed(2) : '';
      }).filter(Boolean).join(', ');
    })()`);
    check(!low, `contrast in ${scheme}: ${low}`);
  }
  await tell('Emulation.setEmulatedMedia', { features: [] });

  await tell('Emulation.setDeviceMetricsOverride',
    { width: 380, height: 800, deviceScaleFactor: 1, mobile: true });
  check(await ask('document.documentElement.scrollWidth <= innerWidth + 1'),
    'a narrow screen has to be scrolled sideways');
  await tell('Emulation.clearDeviceMetricsOverride');

  await tell('Emulation.setScriptExecutionDisabled', { value: true });
  await load();
  await tell('Emulation.setScriptExecutionDisabled', { value: false });
  [left, right] = await boxes();
  check(left < right, 'without a script they are not side by side');
  check(!await shown('.slider'), 'without a script there is a slider');
}

const slow = setTimeout(() => { wrong.push('took over 60 s'); end(); }, 60000);
function end() {
  clearTimeout(slow);
  for (const words of wrong) console.log(words.slice(0, 300));
  browser.kill();
  browser.on('exit', () => {
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    process.exit(wrong.length ? 1 : 0);
  });
}
main().catch((error) => wrong.push(String(error))).then(end);
