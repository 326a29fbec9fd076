// The raters' page: asks for a code, shows one trial after the other, keeps every answer in the
// browser as it is given, saves them as a file. It knows pictures by number only.
'use strict';
(() => {
const study = JSON.parse(document.getElementById('study').textContent);
const total = study.trials.length;
const lang = document.documentElement.lang.startsWith('zh') ? 'zh' : 'en';
const words = {
  en: {
    ask: 'You will see a damaged painting, its damage hatched, and below or beside it two ' +
      'restorations of it. Choose the one that you would rather accept as a restoration: that fits ' +
      'the painting around it in line, colour and surface, and in what it shows.',
    original: 'The undamaged painting is shown too.',
    must: 'You must choose, even where you see little difference. There is no right answer and no ' +
      'time limit, but the time is noted.',
    keys: ['Choose with a click, or with', 'for the left and', 'for the right one.'],
    zoom: 'Turn the wheel over a picture, or press + and −, to look closer; drag to move. All ' +
      'pictures move together.',
    back: 'Back', backHelp: 'Correct the last answer (Backspace)',
    keep: 'Your answers are kept in this browser as you go; you can close the page and go on later ' +
      'with the same code. Save them at the end and send the file to whoever asked you.',
    code: 'Your code name (letters, digits, - and _)', start: 'Start', goOn: 'Go on',
    kept: (n) => `${n} of ${total} answered under this code.`,
    badCode: 'Please use 1 to 32 letters, digits, - or _.',
    noStore: 'This browser keeps nothing: do not close the page before you have saved.',
    damaged: 'Damaged', whole: 'Original', left: 'Left', right: 'Right',
    leftHelp: 'Left restoration: choose with F or left arrow',
    rightHelp: 'Right restoration: choose with J or right arrow',
    before: 'chosen before', trial: (n) => `Trial ${n} of ${total}`, progress: 'Progress',
    save: 'Save answers', done: 'Done. Thank you!', nearer: 'Zoom in', further: 'Zoom out',
    doneText: (n) => `All ${n} trials are answered. Please save your answers and send the file.`,
    saved: (f) => `Saved as ${f}.`, broken: 'A picture cannot be loaded: '
  },
  zh: {
    ask: '您将看到一幅受损的壁画（受损处以斜线标出）和它的两个修复结果。' +
      '请选出您更愿意接受的修复：线条、色彩、质感和内容与周围画面更协调的一个。',
    original: '同时显示未受损的原画。',
    must: '即使差别很小，也请选择其一。答案没有对错，也不限时间，但会记录用时。',
    keys: ['用鼠标点选，或按', '选左边，按', '选右边。'],
    zoom: '在图上滚动滚轮，或按 + 与 −，可放大缩小；拖动可移动。各图同步移动。',
    back: '返回', backHelp: '更正上一个答案（退格键）',
    keep: '答案随时保存在本浏览器中；可以关闭页面，以后用同一代号继续。' +
      '结束时请保存答案，并把文件发给邀请您的人。',
    code: '您的代号（字母、数字、- 和 _）', start: '开始', goOn: '继续',
    kept: (n) => `此代号已回答 ${n} / ${total}。`,
    badCode: '请用 1 到 32 个字母、数字、- 或 _。',
    noStore: '本浏览器无法保存进度：保存答案之前请勿关闭页面。',
    damaged: '受损', whole: '原画', left: '左', right: '右',
    leftHelp: '左边的修复：按 F 或左箭头选择',
    rightHelp: '右边的修复：按 J 或右箭头选择',
    before: '先前所选', trial: (n) => `第 ${n} 题，共 ${total} 题`, progress: '进度',
    save: '保存答案', done: '完成，谢谢！', nearer: '放大', further: '缩小',
    doneText: (n) => `${n} 题已全部回答。请保存答案并发送文件。`,
    saved: (f) => `已保存为 ${f}。`, broken: '图片无法载入：'
  }
}[lang];

// ---- small things ----

function make(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(properties)) {
    if (k in e) e[k] = v;
    else e.setAttribute(k, v);
  }
  e.append(...children);
  return e;
}

const store = {
  works: true,
  get(key) {
    try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); } catch { this.works = false; }
  }
};
const keyOf = (code) => `kizil-study-${study.study}-${code}`;
const lastKey = `kizil-study-${study.study}`;

// ---- state ----

let code = '', started = '', answers = [];
let shown = -1;          // trial on the screen, from 0; -1: none
let previous = null;     // the answer that Back took away
let mayGoBack = false;
let since = 0, spent = 0; // ms: when the clock last started, 0 while it stands; counted before
let ready = false;

function isAnswer(a, i) {
  return a && a.trial === i + 1 && (a.choice === 'left' || a.choice === 'right') &&
    typeof a.seconds === 'number' && a.seconds >= 0;
}
function load(name) {
  const kept = store.get(keyOf(name));
  if (!kept || !Array.isArray(kept.answers) || kept.answers.length > total) return null;
  return kept.answers.every(isAnswer) ? kept : null;
}
const keep = () => store.set(keyOf(code), {started, answers});

function runClock() {
  if (ready && !since && !document.hidden) since = performance.now();
}
function stopClock() {
  if (since) spent += performance.now() - since;
  since = 0;
}

function save() {
  const name = `answers-${code}.json`;
  const text = JSON.stringify({study: study.study, rater: code, trials: total,
    complete: answers.length === total, started, saved: new Date().toISOString(), answers}, null, 1);
  const url = URL.createObjectURL(new Blob([text + '\n'], {type: 'application/json'}));
  const link = make('a', {href: url, download: name});
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
  announce(words.saved(name));
}

// ---- what is on the page ----

const live = make('div', {className: 'quiet', role: 'status', 'aria-live': 'polite'});
const note = make('p', {className: 'note', role: 'status'});
function announce(text) { note.textContent = live.textContent = text; }

const screens = {};
const show = (name) => { for (const k in screens) screens[k].hidden = k !== name; };

const input = make('input', {id: 'code', maxLength: 32, autocomplete: 'off', spellcheck: false});
const startButton = make('button', {type: 'submit', textContent: words.start});
const startNote = make('p', {className: 'note', role: 'status'});
screens.start = make('main', {className: 'text'},
  make('h1', {textContent: study.title}),
  make('p', {textContent: words.ask + (study.trials.some((t) => t.original)
    ? ' ' + words.original : '')}),
  make('p', {textContent: words.must}),
  make('p', {}, words.keys[0] + ' ', make('kbd', {textContent: 'F'}), ' ',
    make('kbd', {textContent: '←'}), ' ' + words.keys[1] + ' ', make('kbd', {textContent: 'J'}), ' ',
    make('kbd', {textContent: '→'}), ' ' + words.keys[2]),
  make('p', {textContent: words.zoom}),
  make('p', {textContent: words.keep}),
  make('form', {onsubmit: begin}, make('label', {htmlFor: 'code', textContent: words.code}),
    input, ' ', startButton, startNote));

const bar = make('progress', {max: total, value: 0, 'aria-label': words.progress});
const where = make('span');
const backButton = make('button', {type: 'button', textContent: words.back,
  title: words.backHelp, onclick: back});
const button = (text, label, onclick) =>
  make('button', {type: 'button', textContent: text, title: label, 'aria-label': label, onclick});
const stage = make('div', {id: 'stage'});
screens.trial = make('main', {style: 'flex:1;min-height:0;display:flex;flex-direction:column'},
  make('div', {id: 'bar'}, backButton, where, bar,
    button('−', words.further, () => zoomBy(1 / 1.5)), button('+', words.nearer,
      () => zoomBy(1.5)), button(words.save, words.save, save)),
  stage);

const doneText = make('p');
screens.end = make('main', {className: 'text'}, make('h1', {textContent: words.done}), doneText,
  make('p', {}, make('button', {type: 'button', textContent: words.save, onclick: save}),
    make('button', {type: 'button', textContent: words.back, title: words.backHelp,
      onclick: back})), note);
document.body.append(screens.start, screens.trial, screens.end, live);

// ---- panels ----

const panels = [];
function panel(kind, caption, tag, properties) {
  const img = make('img', {alt: '', draggable: false});
  const view = make(tag, {className: 'view', ...properties}, img);
  const text = make('figcaption', {}, ...caption);
  const figure = make('figure', {}, view, text);
  const p = {kind, img, view, text, figure};
  panels.push(p);
  stage.append(figure);
  watch(p);
  return p;
}
const keyed = (text, a, b) => [text + '  ', make('kbd', {textContent: a}), ' ',
  make('kbd', {textContent: b})];
panel('damaged', [words.damaged], 'div', {role: 'img', 'aria-label': words.damaged});
if (study.trials.some((t) => t.original))
  panel('original', [words.whole], 'div', {role: 'img', 'aria-label': words.whole});
const results = {
  left: panel('left', keyed(words.left, 'F', '←'), 'button',
    {type: 'button', 'aria-label': words.leftHelp}),
  right: panel('right', keyed(words.right, 'J', '→'), 'button',
    {type: 'button', 'aria-label': words.rightHelp})
};

// Results as large as they can be, what they are made from at half their size: above them or at
// their left, whichever leaves more.
function place() {
  if (shown < 0) return;
  const t = study.trials[shown], ratio = t.width / t.height, gap = 10, caption = 26, small = .5;
  const W = stage.clientWidth, H = stage.clientHeight, sides = panels.length - 2;
  const beside = Math.min((W - 4 * gap) / (2 + small),
    Math.min(H - 2 * gap - caption, (H - (1 + sides) * gap - sides * caption) / (small * sides)) *
    ratio);
  const above = Math.min((W - 3 * gap) / 2, (H - 3 * gap - 2 * caption) / (1 + small) * ratio);
  const w = Math.max(40, Math.floor(Math.max(beside, above))), h = Math.round(w / ratio);
  const sw = Math.floor(small * w), sh = Math.round(small * h);
  const put = (p, x, y, pw, ph) => {
    p.figure.style.cssText = `left:${x}px;top:${y}px;width:${pw}px`;
    p.view.style.height = ph + 'px';
  };
  if (beside > above) {
    const x = (W - sw - 2 * w - 2 * gap) / 2, y = (H - h - caption) / 2;
    const sy = (H - sides * (sh + caption) - (sides - 1) * gap) / 2;
    panels.slice(0, sides).forEach((p, i) => put(p, x, sy + i * (sh + caption + gap), sw, sh));
    put(results.left, x + sw + gap, y, w, h);
    put(results.right, x + sw + w + 2 * gap, y, w, h);
  } else {
    const x = (W - 2 * w - gap) / 2, y = (H - h - sh - 2 * caption - gap) / 2;
    const sx = (W - sides * sw - (sides - 1) * gap) / 2;
    panels.slice(0, sides).forEach((p, i) => put(p, sx + i * (sw + gap), y, sw, sh));
    put(results.left, x, y + sh + caption + gap, w, h);
    put(results.right, x + w + gap, y + sh + caption + gap, w, h);
  }
  look();
}
addEventListener('resize', place);

// ---- zoom: one for all panels ----

let zoom = 1, cx = .5, cy = .5; // magnification; the picture's point at a panel's centre, 0 to 1
function look() {
  const edge = .5 / zoom;
  cx = Math.min(1 - edge, Math.max(edge, cx));
  cy = Math.min(1 - edge, Math.max(edge, cy));
  for (const p of panels) {
    const w = p.view.clientWidth, h = p.view.clientHeight;
    p.img.style.transform =
      `translate(${(.5 - cx * zoom) * w}px,${(.5 - cy * zoom) * h}px) scale(${zoom})`;
    const t = study.trials[shown];
    p.img.style.imageRendering = zoom * w > 4 * t.width ? 'pixelated' : 'auto';
  }
}
// The point under (fx, fy) of a panel stays where it is.
function zoomBy(factor, fx = .5, fy = .5) {
  if (shown < 0) return;
  const next = Math.min(16, Math.max(1, zoom * factor));
  cx += (fx - .5) * (1 / zoom - 1 / next);
  cy += (fy - .5) * (1 / zoom - 1 / next);
  zoom = next;
  look();
}
function watch(p) {
  let down = null, moved = false;
  p.view.addEventListener('wheel', (e) => {
    const r = p.view.getBoundingClientRect();
    e.preventDefault();
    zoomBy(Math.pow(1.2, -Math.sign(e.deltaY)), (e.clientX - r.left) / r.width,
      (e.clientY - r.top) / r.height);
  }, {passive: false});
  p.view.addEventListener('pointerdown', (e) => {
    if (e.button) return;
    down = {x: e.clientX, y: e.clientY, cx, cy};
    moved = false;
    p.view.setPointerCapture(e.pointerId);
  });
  p.view.addEventListener('pointermove', (e) => {
    if (!down) return;
    const dx = e.clientX - down.x, dy = e.clientY - down.y;
    if (Math.hypot(dx, dy) > 5) moved = true;
    if (!moved) return;
    cx = down.cx - dx / (zoom * p.view.clientWidth);
    cy = down.cy - dy / (zoom * p.view.clientHeight);
    look();
  });
  const up = () => { down = null; };
  p.view.addEventListener('pointerup', up);
  p.view.addEventListener('pointercancel', up);
  // A drag ends with a click too, which is no choice; one from the keyboard has no detail.
  p.view.addEventListener('click', (e) => {
    const dragged = moved && e.detail > 0;
    moved = false;
    if (!dragged && results[p.kind]) choose(p.kind);
  });
}

// ---- trials ----

const source = (name) => `${name}.png`;
function preload(i) {
  const t = study.trials[i];
  if (!t) return;
  for (const p of panels) if (t[p.kind]) new Image().src = source(t[p.kind]);
}

async function showTrial(i) {
  const t = study.trials[i];
  shown = i;
  ready = false;
  since = 0;
  spent = previous ? previous.seconds * 1000 : 0;
  zoom = 1;
  cx = cy = .5;
  show('trial');
  where.textContent = `${i + 1} / ${total}`;
  bar.value = i;
  backButton.disabled = !mayGoBack;
  for (const p of panels) {
    p.figure.style.visibility = 'hidden';
    p.view.classList.toggle('before', !!previous && previous.choice === p.kind);
    p.img.src = source(t[p.kind]);
  }
  place();
  try {
    await Promise.all(panels.map((p) => p.img.decode()));
  } catch {
    if (shown === i) where.textContent = words.broken + panels.map((p) => p.img)
      .filter((m) => !m.complete || !m.naturalWidth).map((m) => m.getAttribute('src')).join(', ');
    return;
  }
  if (shown !== i) return;
  for (const p of panels) p.figure.style.visibility = '';
  live.textContent = words.trial(i + 1) +
    (previous ? `; ${words.before}: ${words[previous.choice]}` : '');
  ready = true;
  runClock();
  preload(i + 1);
}

function next() {
  if (document.activeElement) document.activeElement.blur();
  if (answers.length < total) {
    showTrial(answers.length);
    return;
  }
  shown = -1;
  ready = false;
  doneText.textContent = words.doneText(total);
  note.textContent = '';
  show('end');
  screens.end.querySelector('button').focus();
}

function choose(side) {
  if (!ready) return;
  stopClock();
  if (spent < 200) { // a key still held from the trial before
    runClock();
    return;
  }
  ready = false;
  answers.push({trial: shown + 1, choice: side, seconds: Math.round(spent) / 1000});
  previous = null;
  mayGoBack = true;
  keep();
  next();
}

// Once: the answer before the last is settled.
function back() {
  if (!mayGoBack || !answers.length) return;
  stopClock();
  previous = answers.pop();
  mayGoBack = false;
  keep();
  next();
}

function begin(event) {
  event.preventDefault();
  const name = input.value.trim();
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(name)) {
    startNote.textContent = words.badCode;
    input.focus();
    return;
  }
  const kept = load(name);
  code = name;
  started = kept ? kept.started : new Date().toISOString();
  answers = kept ? kept.answers : [];
  mayGoBack = answers.length > 0;
  store.set(lastKey, code);
  keep();
  next();
}

function tellKept() {
  const name = input.value.trim(), kept = name ? load(name) : null;
  startButton.textContent = kept && kept.answers.length ? words.goOn : words.start;
  startNote.textContent = !store.works ? words.noStore
    : kept && kept.answers.length ? words.kept(kept.answers.length) : '';
}

addEventListener('keydown', (e) => {
  if (e.repeat || e.ctrlKey || e.altKey || e.metaKey || e.target === input) return;
  if (e.key === 'Backspace') back();
  else if (shown < 0) return;
  else if (e.key === 'f' || e.key === 'F' || e.key === 'ArrowLeft') choose('left');
  else if (e.key === 'j' || e.key === 'J' || e.key === 'ArrowRight') choose('right');
  else if (e.key === '+' || e.key === '=') zoomBy(1.5);
  else if (e.key === '-') zoomBy(1 / 1.5);
  else if (e.key === '0') zoomBy(1 / 16);
  else return;
  e.preventDefault();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) stopClock();
  else runClock();
});

input.value = store.get(lastKey) || '';
input.addEventListener('input', tellKept);
store.set(lastKey, input.value);
tellKept();
preload(0);
show('start');
input.focus();
})();
